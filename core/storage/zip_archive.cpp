#include "core/storage/zip_archive.hpp"

#include <algorithm>
#include <initializer_list>

#include <zlib.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/foreign_content.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kEnd("PK\x05\x06", 4), kEnd64("PK\x06\x06", 4), kEntry("PK\x01\x02", 4),
    kLocal("PK\x03\x04", 4);
constexpr std::size_t kEndSize = 22, kEntrySize = 46, kLocalSize = 30;
constexpr std::uint64_t kStored = 0, kDeflated = 8;
constexpr std::uint64_t kElsewhere16 = 0xFFFF, kElsewhere32 = 0xFFFFFFFF;  ///< the number stands in a zip64 field

/// Little-endian whole number. @return 0 beyond the end
std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size && at + i < bytes.size(); ++i)
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << 8U * i;
  return value;
}

/// Takes the numbers of an entry that are too large for it from its zip64 field. @param extra all its fields
void read_large(std::string_view extra, std::initializer_list<std::uint64_t*> numbers) {
  constexpr std::uint64_t kZip64 = 1;
  while (extra.size() >= 4 && number(extra, 0, 2) != kZip64)
    extra.remove_prefix(std::min<std::size_t>(4 + number(extra, 2, 2), extra.size()));
  std::size_t at = 4;
  for (auto* value : numbers)
    if (*value == kElsewhere32 && at + 8 <= extra.size()) {
      *value = number(extra, at, 8);
      at += 8;
    }
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
  const auto refuse = [&](std::string_view what) {
    throw InputError(fmt::format("{} {}", name_, what), "copy it again, or make it again");
  };
  if (!bytes.starts_with(kLocal) && !bytes.starts_with(kEnd)) {
    refuse_foreign(path, bytes, "a zip archive");
    refuse("is not a zip archive");
  }
  const auto end = bytes.rfind(kEnd);
  if (end == std::string_view::npos || bytes.size() - end < kEndSize) refuse("is cut short");
  std::uint64_t count = number(bytes, end + 10, 2), at = number(bytes, end + 16, 4);
  if (const auto end64 = bytes.substr(0, end).rfind(kEnd64);
      end64 != std::string_view::npos && (count == kElsewhere16 || at == kElsewhere32)) {
    count = number(bytes, end64 + 32, 8);
    at = number(bytes, end64 + 48, 8);
  }
  for (; count > 0; --count) {
    if (at > bytes.size() || !bytes.substr(at).starts_with(kEntry)) refuse("is damaged");
    const std::size_t name_size = number(bytes, at + 28, 2), extra_size = number(bytes, at + 30, 2);
    const auto rest = bytes.substr(std::min<std::size_t>(at + kEntrySize, bytes.size()));
    Member member{.method = number(bytes, at + 10, 2),
                  .checksum = number(bytes, at + 16, 4),
                  .packed = number(bytes, at + 20, 4),
                  .size = number(bytes, at + 24, 4),
                  .at = number(bytes, at + 42, 4)};
    read_large(rest.substr(std::min(name_size, rest.size()), extra_size), {&member.size, &member.packed, &member.at});
    members_[std::string(rest.substr(0, name_size))] = member;
    at += kEntrySize + name_size + extra_size + number(bytes, at + 32, 2);
  }
}

std::vector<std::string> ZipArchive::names() const {
  std::vector<std::string> names;
  for (const auto& [name, member] : members_) names.push_back(name);
  return names;
}

void ZipArchive::fail(const std::string& member, std::string_view what) const {
  throw InputError(fmt::format("{}, {} {}", name_, member, what), "copy it again, or make it again");
}

std::pair<ZipArchive::Member, std::string_view> ZipArchive::packed(const std::string& member) const {
  const auto found = members_.find(member);
  if (found == members_.end()) fail(member, "is not in the archive");
  const Member& entry = found->second;
  const std::string_view bytes = bytes_;
  if (entry.at > bytes.size() || !bytes.substr(entry.at).starts_with(kLocal)) fail(member, "is damaged");
  const std::size_t start = entry.at + kLocalSize + number(bytes, entry.at + 26, 2) + number(bytes, entry.at + 28, 2);
  if (start > bytes.size() || entry.packed > bytes.size() - start) fail(member, "is cut short");
  if (entry.method != kStored && entry.method != kDeflated)
    fail(member, "is packed in a way that is not read (neither stored nor deflated)");
  return {entry, bytes.substr(start, entry.packed)};
}

void ZipArchive::check_sum(const std::string& member, std::string_view content) const {
  if (crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size()) != members_.at(member).checksum)
    fail(member, "is damaged: its checksum does not match");
}

std::string ZipArchive::read(const std::string& member) const {
  const auto [entry, bytes] = packed(member);
  std::string text;
  if (entry.method == kStored) {
    text = bytes;
  } else {
    // A deflated byte gives 1032 at most: a size beyond that is damage, not a wish for memory.
    if (entry.size / 1032 > entry.packed || entry.size > kElsewhere32) fail(member, "is damaged");
    text.resize(entry.size);
    if (!inflate_into(bytes, text)) fail(member, "is damaged");
  }
  check_sum(member, text);
  return text;
}

std::string_view ZipArchive::view(const std::string& member) {
  if (const auto known = unpacked_.find(member); known != unpacked_.end()) return known->second;
  const auto [entry, bytes] = packed(member);
  if (entry.method != kStored) return unpacked_[member] = read(member);
  check_sum(member, bytes);
  return bytes;
}

}  // namespace harmonic
