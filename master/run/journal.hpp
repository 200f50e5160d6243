#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/hash.hpp"
#include "core/work/answer_check.hpp"
#include "proto/codec.hpp"

namespace harmonic {

/// A run's journal: an append-only file of checksummed records, one a finished piece of work (what it found, or that it
/// failed), on disk before the work counts. Form of a record: the mark "HJ4\n", length of the payload (4 bytes, little
/// endian), XXH3-64 of the payload (8 bytes, little endian), the lower half of the XXH3-64 of those 16 bytes (4 bytes),
/// payload (protobuf): a record is found again behind one that is damaged. The file begins with a header, twice: the
/// form's version, the hash of the run's settings, the version of the program that began the run, and those settings.
/// In memory it keeps where each record lies, some 60 bytes, and reads one from the file when it is asked for it.
class Journal {
 public:
  /// What lies at a path. `foreign` holds no journal's header.
  enum class Kind { none, empty, foreign, without_work, with_work };
  [[nodiscard]] static Kind kind(const std::filesystem::path& path);
  /// Nothing happens where there is no journal. @throws InputError for one that has the form of another version
  static void check_version(const std::filesystem::path& path);
  /// Whether a journal lies there whose header is whole and names these settings.
  [[nodiscard]] static bool is_of(const std::filesystem::path& path, std::uint64_t settings_hash);
  /// The settings in force when the run began, but for defaults: INI text; empty where no header tells.
  [[nodiscard]] static std::string settings(const std::filesystem::path& path);
  /// How much it holds, read without a lock while a run writes it. Nothing where there is none.
  struct Tally {
    int done = 0, failed = 0;  ///< pieces of work
  };
  /// @throws InputError when the file cannot be read
  [[nodiscard]] static Tally tally(const std::filesystem::path& path);
  /// The version of the program that began the run; empty where no header tells.
  [[nodiscard]] static std::string program(const std::filesystem::path& path);

  /// Makes the file where there is none, or reads every record. One that is damaged, or cannot be (`answers`),
  /// counts as not there, with a warning: its work is done again. The file stays as it is until the first append. A run
  /// begun by another version of the program goes on with a warning: its numbers may differ.
  /// @throws InputError when the journal belongs to other settings, has the form of another version, or is none
  /// @throws RunError when the file cannot be read or written
  /// @param settings as a new journal keeps them for settings()
  Journal(std::filesystem::path path, std::uint64_t settings_hash, AnswerCheck answers = AnswerCheck{},
          std::string settings = {});
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// What came of this work, when it was finished before. @throws RunError when the file cannot be read any more
  [[nodiscard]] std::optional<FinishedWork> find(const Work& work) const;
  /// The fusion search that found this model; nothing when none did. Reads the file up to it. @throws RunError as
  /// find
  [[nodiscard]] std::optional<SearchFusion> search_of(CandidateId model) const;
  /// Every record, or the `latest` ones, in the order in which they were written. @throws RunError as find
  void for_each(const std::function<void(const FinishedWork&)>& hear, std::size_t latest = SIZE_MAX) const;

  /// Takes a record for the next commit; until then it does not count. Of several answers to one piece of work the
  /// first counts. @throws RunError when the outcome is none of this work
  void add(const FinishedWork& finished);
  /// Returns once all that was added is on disk, which is one wait however many records there are. The first commit to
  /// a damaged file keeps that aside as PATH.damaged-N and writes the whole records anew; the rest of a record that was
  /// cut off while it was written is just cut away. What the disk refuses is not added. @throws RunError then
  void commit();
  /// Both for one record.
  void append(const FinishedWork& finished) {
    add(finished);
    commit();
  }
  [[nodiscard]] std::size_t size() const { return places_.size(); }  ///< records that count
  [[nodiscard]] std::size_t failures() const { return failures_; }   ///< those among them that failed

 private:
  struct Place {
    std::uint64_t at = 0;  ///< of the record's frame in the file
    std::uint32_t size = 0;
  };
  struct Waiting {
    Hash128 key;
    std::uint32_t size = 0;
    bool failed = false;
  };

  static Hash128 key_of(const Work& work);  ///< of its bytes
  [[nodiscard]] FinishedWork read(const Place& place) const;
  [[nodiscard]] std::vector<Place> places_in_order() const;
  void open_to_append();
  void write(const std::vector<std::byte>& bytes);

  std::filesystem::path path_;
  JournalHeader header_;
  AnswerCheck answers_;
  int file_ = -1;                              ///< open from the first commit on
  mutable int read_ = -1;                      ///< open from the first reading on
  std::uintmax_t end_ = 0;                     ///< bytes of the file up to the end of its last whole record
  bool damaged_ = false;                       ///< somewhere before that, or behind it by more than a torn record
  std::unordered_map<Hash128, Place> places_;  ///< of whole records, by their work
  std::size_t failures_ = 0;
  std::vector<std::byte> bytes_waiting_;  ///< for the next commit, record after record
  std::vector<Waiting> waiting_;
};

}  // namespace harmonic
