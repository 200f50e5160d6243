#include "core/storage/zip_archive.hpp"

#include <string_view>

#include <zlib.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/foreign_content.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kEnd("PK\x05\x06", 4), kEntry("PK\x01\x02", 4), kLocal("PK\x03\x04", 4);
constexpr std::size_t kEndSize = 22, kEntrySize = 46, kLocalSize = 30;
constexpr std::uint32_t kStored = 0, kDeflated = 8;

/// Little-endian whole number. @return 0 beyond the end
std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size && at + i < bytes.size(); ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << 8U * i;
  return value;
}

/// @return whether exactly `text.size()` bytes come out
bool inflate_into(std::string_view packed, std::string& text) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));  // zlib does not write to it
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int result = inflate(&stream, Z_FINISH);
  const bool whole = result == Z_STREAM_END && stream.avail_out == 0;
  inflateEnd(&stream);
  return whole;
}

}  // namespace

ZipArchive::ZipArchive(const std::filesystem::path& path) : bytes_(read_file(path)), name_(path.string()) {
  const std::string_view bytes = bytes_;
  const auto fail = [&](std::string_view what) {
    throw InputError(fmt::format("{} {}", name_, what), "copy it again, or make it again");
  };
  if (!bytes.starts_with(kLocal) && !bytes.starts_with(kEnd)) {
    refuse_foreign(path, bytes, "a zip archive");
    fail("is not a zip archive");
  }
  const auto end = bytes.rfind(kEnd);
  if (end == std::string_view::npos || bytes.size() - end < kEndSize) fail("is cut short");
  std::size_t at = number(bytes, end + 16, 4);
  for (std::uint32_t left = number(bytes, end + 10, 2); left > 0; --left) {
    if (at > bytes.size() || !bytes.substr(at).starts_with(kEntry)) fail("is damaged");
    const std::size_t name_size = number(bytes, at + 28, 2);
    const std::string name(bytes.substr(std::min(at + kEntrySize, bytes.size()), name_size));
    members_[name] = {.method = number(bytes, at + 10, 2),
                      .checksum = number(bytes, at + 16, 4),
                      .packed = number(bytes, at + 20, 4),
                      .size = number(bytes, at + 24, 4),
                      .at = number(bytes, at + 42, 4)};
    at += kEntrySize + name_size + number(bytes, at + 30, 2) + number(bytes, at + 32, 2);
  }
}

std::vector<std::string> ZipArchive::names() const {
  std::vector<std::string> names;
  for (const auto& [name, member] : members_) names.push_back(name);
  return names;
}

std::string ZipArchive::read(const std::string& member) const {
  const auto fail = [&](std::string_view what) {
    throw InputError(fmt::format("{}, {} {}", name_, member, what), "copy it again, or make it again");
  };
  const auto found = members_.find(member);
  if (found == members_.end()) fail("is not in the archive");
  const Member& entry = found->second;
  const std::string_view bytes = bytes_;
  if (entry.at > bytes.size() || !bytes.substr(entry.at).starts_with(kLocal)) fail("is damaged");
  const std::size_t start = entry.at + kLocalSize + number(bytes, entry.at + 26, 2) + number(bytes, entry.at + 28, 2);
  if (start > bytes.size() || entry.packed > bytes.size() - start) fail("is cut short");
  // A deflated byte gives 1032 at most: a size beyond that is damage, not a wish for memory.
  if (entry.size / 1032 > entry.packed) fail("is damaged");
  const auto packed = bytes.substr(start, entry.packed);
  std::string text;
  if (entry.method == kStored) {
    text = packed;
  } else if (entry.method == kDeflated) {
    text.resize(entry.size);
    if (!inflate_into(packed, text)) fail("is damaged");
  } else {
    fail("is packed in a way that is not read (neither stored nor deflated)");
  }
  if (crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())) != entry.checksum)
    fail("is damaged: its checksum does not match");
  return text;
}

}  // namespace harmonic
