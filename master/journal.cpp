#include "master/journal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>

#include <fcntl.h>
#include <unistd.h>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/log.hpp"
#include "core/base/version.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kFrame = 12;                    // length and checksum
constexpr std::uint64_t kLargestRecord = 64U << 20U;  // a length beyond it is damage

void put_number(std::vector<std::byte>& bytes, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i) & 0xffU));
}

std::uint64_t get_number(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return value;
}

std::vector<std::byte> framed(const std::vector<std::byte>& payload) {
  std::vector<std::byte> bytes;
  put_number(bytes, payload.size(), 4);
  put_number(bytes, hash64(payload), 8);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

std::string key_of(const Work& work) {
  const auto bytes = encode(work);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The payload of the record that starts the bytes; nothing when it is cut short or damaged.
std::optional<std::span<const std::byte>> first_payload(std::span<const std::byte> bytes) {
  if (bytes.size() < kFrame) return std::nullopt;
  const std::uint64_t length = get_number(bytes.first(4));
  if (length > kLargestRecord || length > bytes.size() - kFrame) return std::nullopt;
  const auto payload = bytes.subspan(kFrame, length);
  if (hash64(payload) != get_number(bytes.subspan(4, 8))) return std::nullopt;
  return payload;
}

/// The header that the bytes begin with; nothing when they begin otherwise.
std::optional<JournalHeader> header_of(std::span<const std::byte> bytes) {
  const auto payload = first_payload(bytes);
  const auto record = payload ? decode_journal_record(*payload) : std::nullopt;
  const auto* header = record ? std::get_if<JournalHeader>(&*record) : nullptr;
  return header == nullptr ? std::nullopt : std::optional(*header);
}

/// @throws InputError for a form of another version
void check_version(const JournalHeader& header, const std::string& path) {
  if (header.version != JournalHeader::kVersion)
    throw InputError(
        fmt::format("journal {} has version {}, this program knows {}", path, header.version, JournalHeader::kVersion),
        "resume with the program that began the run, or begin another run directory");
}

/// @throws InputError when work recorded under this header is of no use here
void check(const JournalHeader& header, std::uint64_t settings_hash, const std::string& path) {
  check_version(header, path);
  if (header.settings_hash != settings_hash)
    throw InputError(fmt::format("journal {} belongs to a run with other settings, data, weights or tables", path),
                     "give those of the run, or another run directory");
  if (header.program != program_version())
    log::warning(
        "the run was begun by harmonic {}, this is {}: what is computed from here on may differ from what that "
        "version would find",
        header.program, program_version());
}

}  // namespace

Journal::Kind Journal::kind(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return Kind::none;
  if (!std::filesystem::is_regular_file(path)) return Kind::foreign;
  const std::string text = read_file(path);
  const auto bytes = std::as_bytes(std::span{text});
  if (header_of(bytes))
    return first_payload(bytes.subspan(kFrame + first_payload(bytes)->size())) ? Kind::with_work : Kind::without_work;
  return bytes.empty() ? Kind::empty : Kind::foreign;
}

void Journal::check_version(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) return;
  const std::string text = read_file(path);
  if (const auto header = header_of(std::as_bytes(std::span{text}))) harmonic::check_version(*header, path.string());
}

Journal::Journal(std::filesystem::path path, std::uint64_t settings_hash) : path_(std::move(path)) {
  if (kind(path_) == Kind::empty)
    log::warning("journal {} is empty: what the last checkpoint does not hold is done again", path_.string());
  file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0) throw RunError(fmt::format("cannot open the journal {}: {}", path_.string(), std::strerror(errno)));
  try {
    read_all(settings_hash);
  } catch (...) {
    close(file_);
    throw;
  }
}

Journal::~Journal() {
  close(file_);
}

void Journal::read_all(std::uint64_t settings_hash) {
  const std::string text = read_file(path_);
  const auto bytes = std::as_bytes(std::span{text});
  const JournalHeader mine{JournalHeader::kVersion, settings_hash, std::string(program_version())};
  const auto start = framed(encode(mine));
  if (const auto header = header_of(bytes))
    check(*header, settings_hash, path_.string());
  else if (bytes.size() >= start.size() || !std::ranges::equal(bytes, std::span(start).first(bytes.size())))
    throw InputError(fmt::format("{} is no journal, or damaged from its start", path_.string()),
                     "move it away to go on from the last checkpoint, or give another run directory");
  std::size_t good = 0;
  while (good < bytes.size()) {
    const auto payload = first_payload(bytes.subspan(good));
    const auto record = payload ? decode_journal_record(*payload) : std::nullopt;
    if (!record || std::holds_alternative<JournalHeader>(*record) != (good == 0)) break;
    if (good > 0) {
      auto finished = std::get<FinishedWork>(*record);
      auto key = key_of(finished.work);
      finished_.insert_or_assign(std::move(key), std::move(finished));
    }
    good += kFrame + payload->size();
  }
  if (good < bytes.size()) {
    log::warning(
        "journal {}: the last {} bytes are cut short or damaged and were cut off; {} finished pieces of work are kept",
        path_.string(), bytes.size() - good, finished_.size());
    if (ftruncate(file_, static_cast<off_t>(good)) != 0)
      throw RunError(fmt::format("cannot cut off the journal {}: {}", path_.string(), std::strerror(errno)));
  }
  if (good == 0) write(mine);
}

const FinishedWork* Journal::find(const Work& work) const {
  const auto it = finished_.find(key_of(work));
  return it == finished_.end() ? nullptr : &it->second;
}

void Journal::append(FinishedWork finished) {
  write(finished);
  auto key = key_of(finished.work);
  finished_.insert_or_assign(std::move(key), std::move(finished));
}

void Journal::write(const JournalRecord& record) {
  const auto bytes = framed(encode(record));
  for (std::size_t written = 0; written < bytes.size();) {
    const ssize_t n = ::write(file_, bytes.data() + written, bytes.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw RunError(fmt::format("cannot write the journal {}: {}", path_.string(), std::strerror(errno)));
    written += static_cast<std::size_t>(n);
  }
  if (fdatasync(file_) != 0)
    throw RunError(fmt::format("cannot flush the journal {}: {}", path_.string(), std::strerror(errno)));
}

}  // namespace harmonic
