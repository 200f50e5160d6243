#include "master/run/journal.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/log.hpp"
#include "core/base/version.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/foreign_content.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kMark = "HJ4\n";
constexpr std::size_t kFrame = 20;                    // mark, length, checksum of the payload, checksum of these
constexpr std::size_t kBeginning = 1U << 20U;         // bytes of a file among which both headers are
constexpr std::uint64_t kLargestRecord = 64U << 20U;  // a length beyond it is damage

void put_number(std::vector<std::byte>& bytes, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i) & 0xffU));
}

std::uint64_t get_number(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return value;
}

std::vector<std::byte> framed(const JournalRecord& record) {
  const auto payload = encode(record);
  std::vector<std::byte> bytes;
  for (const char letter : kMark) bytes.push_back(static_cast<std::byte>(letter));
  put_number(bytes, payload.size(), 4);
  put_number(bytes, hash64(payload), 8);
  put_number(bytes, hash64(bytes), 4);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

/// How every journal begins: a header that is damaged has a twin.
std::vector<std::byte> beginning(const JournalHeader& header) {
  auto bytes = framed(header);
  const auto twin = bytes;
  bytes.insert(bytes.end(), twin.begin(), twin.end());
  return bytes;
}

/// Length of the record's payload; nothing when the bytes do not begin with a whole frame.
std::optional<std::size_t> payload_length(std::span<const std::byte> bytes) {
  if (bytes.size() < kFrame || !std::ranges::equal(bytes.first(kMark.size()), std::as_bytes(std::span(kMark))))
    return std::nullopt;
  const std::uint64_t length = get_number(bytes.subspan(4, 4));
  if (length > kLargestRecord || (hash64(bytes.first(16)) & 0xffffffffU) != get_number(bytes.subspan(16, 4)))
    return std::nullopt;
  return length;
}

/// The record whose frame starts the bytes; nothing when its payload is damaged or says what cannot be.
std::optional<JournalRecord> record_of(std::span<const std::byte> bytes, std::size_t length, const AnswerCheck& check) {
  const auto payload = bytes.subspan(kFrame, length);
  if (hash64(payload) != get_number(bytes.subspan(8, 8))) return std::nullopt;
  auto record = decode_journal_record(payload);
  if (record)
    if (const auto* finished = std::get_if<FinishedWork>(&*record);
        finished != nullptr && !check.why_nonsense(finished->work, finished->outcome).empty())
      return std::nullopt;
  return record;
}

/// What a journal's bytes hold.
struct Content {
  struct Record {
    std::size_t at = 0, size = 0;  ///< with its frame
    FinishedWork finished;
  };

  std::optional<JournalHeader> header;
  std::size_t records = 0;       ///< of finished work
  std::size_t end = 0;           ///< of the last whole record
  std::size_t damaged = 0;       ///< bytes of no whole record, but for a last one that is cut short
  std::size_t torn = 0;          ///< bytes of that
  std::size_t headers_size = 0;  ///< bytes of whole headers

  [[nodiscard]] bool holds_work() const { return records > 0 || damaged > 0 || end > headers_size; }
};

/// Bytes behind the last record that could be the start of another one: all that a killed writer leaves.
bool is_torn_record(std::span<const std::byte> rest) {
  const auto mark = std::as_bytes(std::span(kMark));
  return std::ranges::equal(rest.first(std::min(rest.size(), mark.size())),
                            mark.first(std::min(rest.size(), mark.size()))) &&
         (rest.size() < kFrame || payload_length(rest).value_or(0) > rest.size() - kFrame);
}

/// @param hear of every whole record of finished work, in order
Content read_content(
    std::span<const std::byte> bytes, const AnswerCheck& check = AnswerCheck{},
    const std::function<void(Content::Record)>& hear = [](const auto&) {}) {
  Content content;
  const auto text = std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const auto rest = bytes.subspan(at);
    const auto length = payload_length(rest);
    if (!length || *length > rest.size() - kFrame) {  // on to what may be the next record
      at = std::min(text.find(kMark, at + 1), bytes.size());
      continue;
    }
    if (auto record = record_of(rest, *length, check)) {
      content.damaged += at - content.end;
      content.end = at + kFrame + *length;
      if (auto* finished = std::get_if<FinishedWork>(&*record)) {
        ++content.records;
        hear({at, kFrame + *length, std::move(*finished)});
      } else {
        content.header = std::get<JournalHeader>(*record);
        content.headers_size += kFrame + *length;
      }
    }
    at += kFrame + *length;
  }
  const auto rest = bytes.subspan(content.end);
  (is_torn_record(rest) ? content.torn : content.damaged) += rest.size();
  return content;
}

/// The header of a journal written before version 4: length, checksum, payload, without a mark.
std::optional<JournalHeader> old_header(std::span<const std::byte> bytes) {
  constexpr std::size_t kOldFrame = 12;
  if (bytes.size() < kOldFrame) return std::nullopt;
  const std::uint64_t length = get_number(bytes.first(4));
  if (length > bytes.size() - kOldFrame) return std::nullopt;
  const auto payload = bytes.subspan(kOldFrame, length);
  if (hash64(payload) != get_number(bytes.subspan(4, 8))) return std::nullopt;
  const auto record = decode_journal_record(payload);
  const auto* header = record ? std::get_if<JournalHeader>(&*record) : nullptr;
  return header == nullptr ? std::nullopt : std::optional(*header);
}

/// The header that the bytes hold; nothing when they are no journal's.
std::optional<JournalHeader> header_of(std::span<const std::byte> bytes) {
  const auto header = read_content(bytes).header;
  return header ? header : old_header(bytes);
}

/// The same of a file, of which it reads the beginning; nothing where there is none.
std::optional<JournalHeader> header_at(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) return std::nullopt;
  const std::string text = beginning_of(path, kBeginning);
  return header_of(std::as_bytes(std::span{text}));
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
    throw InputError(fmt::format("journal {} belongs to a run with other settings, data, weights or tables, or to a "
                                 "program that finds genotypes by another rule",
                                 path),
                     "give those of the run and the program that began it, or another run directory");
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
  // A journal of many records tells it soon.
  const std::string start = beginning_of(path, kBeginning);
  if (const auto content = read_content(std::as_bytes(std::span{start})); content.header && content.records > 0)
    return Kind::with_work;
  const std::string text = read_file(path);
  const auto bytes = std::as_bytes(std::span{text});
  if (bytes.empty()) return Kind::empty;
  const auto content = read_content(bytes);
  if (content.header) return content.holds_work() ? Kind::with_work : Kind::without_work;
  return old_header(bytes) ? Kind::with_work : Kind::foreign;
}

void Journal::check_version(const std::filesystem::path& path) {
  if (const auto header = header_at(path)) harmonic::check_version(*header, path.string());
}

bool Journal::is_of(const std::filesystem::path& path, std::uint64_t settings_hash) {
  const auto header = header_at(path);
  return header && header->version == JournalHeader::kVersion && header->settings_hash == settings_hash;
}

std::string Journal::settings(const std::filesystem::path& path) {
  const auto header = header_at(path);
  return header ? header->settings : "";
}

Journal::Tally Journal::tally(const std::filesystem::path& path) {
  Tally tally;
  if (!std::filesystem::is_regular_file(path)) return tally;
  const std::string text = read_file(path);
  std::set<Hash128> seen;  // of several answers to one piece of work the first counts
  read_content(std::as_bytes(std::span{text}), AnswerCheck{}, [&](const Content::Record& record) {
    if (seen.insert(key_of(record.finished.work)).second)
      ++(std::holds_alternative<Failure>(record.finished.outcome) ? tally.failed : tally.done);
  });
  return tally;
}

std::string Journal::program(const std::filesystem::path& path) {
  const auto header = header_at(path);
  return header ? header->program : "";
}

Journal::Journal(std::filesystem::path path, std::uint64_t settings_hash, AnswerCheck answers, std::string settings)
    : path_(std::move(path)),
      header_{JournalHeader::kVersion, settings_hash, std::string(program_version()), std::move(settings)},
      answers_(answers) {
  const bool exists = std::filesystem::exists(path_);
  if (exists && !std::filesystem::is_regular_file(path_))
    throw RunError(fmt::format("cannot open the journal {}: it is no file", path_.string()));
  const std::string text = exists ? read_file(path_) : "";
  const auto bytes = std::as_bytes(std::span{text});
  if (exists && text.empty())
    log::warning("journal {} is empty: what the last checkpoint does not hold is done again", path_.string());
  const auto start = beginning(header_);
  if (bytes.size() < start.size() && std::ranges::equal(bytes, std::span(start).first(bytes.size()))) {
    replace_file(path_, std::string_view(reinterpret_cast<const char*>(start.data()), start.size()));
    end_ = start.size();
    return;
  }
  auto content = read_content(bytes, answers_, [this](const Content::Record& record) {
    const Place place{record.at, static_cast<std::uint32_t>(record.size)};
    if (places_.try_emplace(key_of(record.finished.work), place).second)
      failures_ += std::holds_alternative<Failure>(record.finished.outcome) ? 1 : 0;
  });
  if (!content.header) content.header = old_header(bytes);
  if (!content.header)
    throw InputError(fmt::format("{} is no journal, or both its headers are damaged", path_.string()),
                     "move it away to go on from the last checkpoint, or give another run directory");
  check(*content.header, settings_hash, path_.string());
  header_ = *content.header;
  end_ = content.end;
  damaged_ = content.damaged > 0;
  if (content.damaged + content.torn > 0)
    log::warning("journal {}: {} bytes are {}; {} finished pieces of work are kept, what is missing is done again",
                 path_.string(), content.damaged + content.torn,
                 damaged_ ? "damaged" : "of a last record that is cut short", places_.size());
}

Journal::~Journal() {
  for (const int file : {file_, read_})
    if (file >= 0) close(file);
}

Hash128 Journal::key_of(const Work& work) {
  return hash128(encode(work));
}

FinishedWork Journal::read(const Place& place) const {
  const auto refuse = [this](const std::string& why) -> RunError {
    return RunError(fmt::format("cannot read the journal {} again: {}", path_.string(), why));
  };
  if (read_ < 0) read_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (read_ < 0) throw refuse(std::strerror(errno));
  std::vector<std::byte> bytes(place.size);
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = pread(read_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(place.at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw refuse(n < 0 ? std::strerror(errno) : "it has become shorter");
    done += static_cast<std::size_t>(n);
  }
  const auto length = payload_length(bytes);
  auto record = length ? record_of(bytes, *length, answers_) : std::nullopt;
  auto* finished = record ? std::get_if<FinishedWork>(&*record) : nullptr;
  if (finished == nullptr) throw refuse("it has been changed meanwhile");
  return std::move(*finished);
}

std::vector<Journal::Place> Journal::places_in_order() const {
  std::vector<Place> places;
  for (const auto& [key, place] : places_) places.push_back(place);
  std::ranges::sort(places, {}, &Place::at);
  return places;
}

void Journal::for_each(const std::function<void(const FinishedWork&)>& hear, std::size_t latest) const {
  const auto places = places_in_order();
  for (std::size_t i = places.size() - std::min(latest, places.size()); i < places.size(); ++i) hear(read(places[i]));
}

std::optional<SearchFusion> Journal::search_of(CandidateId model) const {
  for (const auto& place : places_in_order()) {
    const auto finished = read(place);
    const auto* search = std::get_if<SearchFusion>(&finished.work);
    if (search != nullptr && std::holds_alternative<FusionScores>(finished.outcome) &&
        std::ranges::find(search->candidates, model, &FusionCandidate::candidate) != search->candidates.end())
      return *search;
  }
  return std::nullopt;
}

std::optional<FinishedWork> Journal::find(const Work& work) const {
  const auto it = places_.find(key_of(work));
  return it == places_.end() ? std::nullopt : std::optional(read(it->second));
}

void Journal::add(const FinishedWork& finished) {
  const auto key = key_of(finished.work);
  if (places_.contains(key) || std::ranges::find(waiting_, key, &Waiting::key) != waiting_.end()) return;
  if (const auto why = answers_.why_nonsense(finished.work, finished.outcome); !why.empty())
    throw RunError(fmt::format("what came of {} is not fit for the journal: {}", describe(finished.work), why));
  const auto record = framed(finished);
  bytes_waiting_.insert(bytes_waiting_.end(), record.begin(), record.end());
  waiting_.push_back(
      {key, static_cast<std::uint32_t>(record.size()), std::holds_alternative<Failure>(finished.outcome)});
}

void Journal::commit() {
  if (waiting_.empty()) return;
  const auto bytes = std::exchange(bytes_waiting_, {});
  const auto records = std::exchange(waiting_, {});
  if (file_ < 0) open_to_append();
  auto at = static_cast<std::uint64_t>(end_);
  write(bytes);
  for (const auto& record : records) {
    places_.emplace(record.key, Place{at, record.size});
    at += record.size;
    failures_ += record.failed ? 1 : 0;
  }
}

void Journal::open_to_append() {
  if (damaged_) {
    std::filesystem::path aside;
    for (int n = 1; aside.empty() || std::filesystem::exists(aside); ++n)
      aside = path_.string() + fmt::format(".damaged-{}", n);
    std::error_code error;
    if (!std::filesystem::copy_file(path_, aside, error))
      throw RunError(fmt::format("cannot keep the damaged journal as {}: {}", aside.string(), error.message()));
    auto bytes = beginning(header_);
    std::unordered_map<Hash128, Place> places;
    for (const auto& place : places_in_order()) {
      const auto finished = read(place);
      const auto record = framed(finished);
      places.emplace(key_of(finished.work), Place{bytes.size(), static_cast<std::uint32_t>(record.size())});
      bytes.insert(bytes.end(), record.begin(), record.end());
    }
    replace_file(path_, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    if (read_ >= 0) close(std::exchange(read_, -1));  // the file of before
    places_ = std::move(places);
    end_ = bytes.size();
    damaged_ = false;
    log::warning("journal {} was written anew; the damaged one is {}", path_.string(), aside.string());
  }
  file_ = open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file_ < 0) throw RunError(fmt::format("cannot open the journal {}: {}", path_.string(), std::strerror(errno)));
  if (ftruncate(file_, static_cast<off_t>(end_)) != 0)
    throw RunError(fmt::format("cannot cut the journal {}: {}", path_.string(), std::strerror(errno)));
}

void Journal::write(const std::vector<std::byte>& bytes) {
  const auto fail = [&](std::string_view what) {
    const int error = errno;
    [[maybe_unused]] const int ignored = ftruncate(file_, static_cast<off_t>(end_));  // no half record
    throw RunError(fmt::format("cannot {} the journal {}: {}", what, path_.string(), std::strerror(error)));
  };
  for (std::size_t written = 0; written < bytes.size();) {
    const ssize_t n = ::write(file_, bytes.data() + written, bytes.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write");
    written += static_cast<std::size_t>(n);
  }
  if (fdatasync(file_) != 0) fail("flush");
  end_ += bytes.size();
}

}  // namespace harmonic
