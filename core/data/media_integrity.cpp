#include "core/data/media_integrity.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <zlib.h>

#include <fmt/format.h>

#include "core/data/jpeg_integrity.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kPng("\x89PNG\r\n\x1a\n", 8);
constexpr std::string_view kJpeg("\xff\xd8\xff", 3);
constexpr std::uint32_t kUnknownSize = 0xFFFFFFFF;
constexpr std::uint64_t kWidest = 1U << 24U;  ///< pixels, that any reader takes

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

/// Of pixels that are not packed.
std::optional<std::string> damage_of_bmp(std::string_view bytes) {
  constexpr std::size_t kHeader = 34;
  if (bytes.size() < kHeader) return "it is cut short";
  const std::uint64_t start = number(bytes.substr(10), false), width = number(bytes.substr(18), false);
  const auto height = static_cast<std::int32_t>(number(bytes.substr(22), false));  // below 0: from the top
  const std::uint64_t bits = number(bytes.substr(26), false) >> 16U, packing = number(bytes.substr(30), false);
  const bool has_old_header = number(bytes.substr(14), false) < 40;  // whose sides have two bytes
  if (has_old_header || packing == 1 || packing == 2 || width > kWidest || bits > 32) return std::nullopt;
  const std::uint64_t row = (width * bits + 31) / 32 * 4,
                      rows = static_cast<std::uint64_t>(std::abs(std::int64_t{height}));
  if (start + row * rows <= bytes.size()) return std::nullopt;
  return fmt::format("it is cut short: {} of {} bytes", bytes.size(), start + row * rows);
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
  if (bytes.starts_with(kJpeg)) return damage_of_jpeg(bytes);
  if (bytes.starts_with("BM")) return damage_of_bmp(bytes);
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
