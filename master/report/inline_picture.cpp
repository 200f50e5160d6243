#include "master/report/inline_picture.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "core/base/markup.hpp"

namespace harmonic {

std::string base64(std::string_view bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t b = 0; b < 3; ++b)
      group = group << 8U | (b < count ? static_cast<unsigned char>(bytes[i + b]) : 0U);
    for (std::size_t letter = 0; letter < 4; ++letter)
      text += letter <= count ? kLetters[group >> (18 - 6 * letter) & 63U] : '=';
  }
  return text;
}

std::string inline_picture(std::string_view svg, std::string_view words) {
  return fmt::format("<img class=\"picture\" alt=\"{}\" src=\"data:image/svg+xml;base64,{}\">\n", escape_html(words),
                     base64(svg));
}

}  // namespace harmonic
