#include "master/models/picture_text.hpp"

#include <algorithm>

#include "core/storage/json_text.hpp"

namespace harmonic {
namespace {

constexpr double kLetterWidth = 0.61;  ///< of the font's size: the mean of DejaVu Sans, which is wider than Helvetica

bool begins_letter(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

}  // namespace

std::string picture_text(std::string_view text) {
  auto shown = nlohmann::json::parse(json_text(nlohmann::json(text))).get<std::string>();
  std::ranges::replace_if(
      shown, [](unsigned char byte) { return byte < 0x20 || byte == 0x7F; }, ' ');
  return shown;
}

double text_width(std::string_view text, double size) {
  return kLetterWidth * size * static_cast<double>(std::ranges::count_if(text, begins_letter));
}

std::string cut_text(std::string_view text, double size, double width) {
  if (text_width(text, size) <= width) return std::string(text);
  const auto kept = static_cast<long>(std::max(1.0, width / (kLetterWidth * size) - 1));
  std::size_t end = 0;
  for (long letters = 0; end < text.size(); ++end)
    if (begins_letter(text[end]) && letters++ == kept) break;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace harmonic
