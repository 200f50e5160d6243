#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/work/answer_check.hpp"
#include "proto/codec.hpp"

namespace harmonic {

/// A run's journal: an append-only file of checksummed records, one a finished piece of work (what it found, or that it
/// failed), on disk before the work counts. Form of a record: the mark "HJ4\n", length of the payload (4 bytes, little
/// endian), XXH3-64 of the payload (8 bytes, little endian), the lower half of the XXH3-64 of those 16 bytes (4 bytes),
/// payload (protobuf): a record is found again behind one that is damaged. The file begins with a header, twice: the
/// form's version, the hash of the run's settings, the version of the program that began the run, and those settings.
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

  /// What came of this work, when it was finished before; else null.
  [[nodiscard]] const FinishedWork* find(const Work& work) const;
  /// The fusion search that found this model; null when none did.
  [[nodiscard]] const SearchFusion* search_of(CandidateId model) const;
  /// Returns once the record is on disk. Of several answers to one piece of work the first counts. The first append to
  /// a damaged file keeps that aside as PATH.damaged-N and writes the whole records anew; the rest of a record that was
  /// cut off while it was written is just cut away.
  /// @throws RunError when the disk refuses, or the outcome is none of this work
  void append(FinishedWork finished);
  [[nodiscard]] std::size_t size() const { return finished_.size(); }
  [[nodiscard]] std::size_t failures() const;  ///< those among them that failed

 private:
  void open_to_append();
  void write(const std::vector<std::byte>& bytes);

  std::filesystem::path path_;
  JournalHeader header_;
  AnswerCheck answers_;
  int file_ = -1;                                 ///< open from the first append on
  std::uintmax_t end_ = 0;                        ///< bytes of the file up to the end of its last whole record
  bool damaged_ = false;                          ///< somewhere before that, or behind it by more than a torn record
  std::map<std::string, FinishedWork> finished_;  ///< by the work's bytes
};

}  // namespace harmonic
