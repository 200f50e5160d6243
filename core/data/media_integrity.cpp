#include "core/data/media_integrity.hpp"

#include <algorithm>
#include <cstdint>

#include <zlib.h>

#include <fmt/format.h>

namespace harmonic {
namespace {

constexpr std::string_view kPng("\x89PNG\r\n\x1a\n", 8);
constexpr std::string_view kJpeg("\xff\xd8\xff", 3), kJpegEnd("\xff\xd9", 2);
constexpr std::uint32_t kUnknownSize = 0xFFFFFFFF;

/// Four bytes; of a text of four or more.
std::uint32_t number(std::string_view bytes, bool is_big_endian) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << 8U * (is_big_endian ? 3 - i : i);
  return value;
}

std::optional<std::string> damage_of_png(std::string_view rest) {
  rest.remove_prefix(kPng.size());
  while (rest.size() >= 12) {
    const std::uint32_t size = number(rest, true);
    if (size > rest.size() - 12) break;
    const auto content = rest.substr(4, 4 + std::size_t{size});  // with its name
    const auto name = content.substr(0, 4);
    const auto sum = crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
    if (sum != number(rest.substr(4 + content.size()), true))
      return fmt::format("the checksum of its chunk {} does not match", name);
    if (name == "IEND") return std::nullopt;
    rest.remove_prefix(12 + std::size_t{size});
  }
  return "it is cut short";
}

/// Chunks of RIFF and of AIFF; `samples` names the one that holds the samples.
std::optional<std::string> damage_of_chunks(std::string_view rest, std::string_view samples, bool is_big_endian) {
  rest.remove_prefix(std::min<std::size_t>(12, rest.size()));
  while (rest.size() >= 8) {
    const auto name = rest.substr(0, 4);
    const std::uint32_t size = number(rest.substr(4), is_big_endian);
    rest.remove_prefix(8);
    if (name == samples) {
      if (size == 0 || size == kUnknownSize || size <= rest.size()) return std::nullopt;
      return fmt::format("it is cut short: {} of {} bytes of samples", rest.size(), size);
    }
    rest.remove_prefix(std::min<std::size_t>(std::size_t{size} + size % 2, rest.size()));
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> damage_of_picture(std::string_view bytes) {
  if (bytes.starts_with(kPng)) return damage_of_png(bytes);
  if (bytes.starts_with(kJpeg) && bytes.rfind(kJpegEnd) == std::string_view::npos) return "it is cut short";
  return std::nullopt;
}

std::optional<std::string> damage_of_sound(std::string_view bytes) {
  if (bytes.starts_with("RIFF")) return damage_of_chunks(bytes, "data", false);
  if (bytes.starts_with("RIFX")) return damage_of_chunks(bytes, "data", true);
  if (bytes.starts_with("FORM")) return damage_of_chunks(bytes, "SSND", true);
  if (bytes.starts_with("OggS")) {
    const auto last = bytes.rfind("OggS");
    constexpr std::size_t kFlags = 5;
    constexpr unsigned kEndOfStream = 4;
    const bool ends = last + kFlags < bytes.size() && (static_cast<unsigned char>(bytes[last + kFlags]) & kEndOfStream);
    if (!ends) return "it is cut short: the stream does not end";
  }
  return std::nullopt;
}

}  // namespace harmonic
