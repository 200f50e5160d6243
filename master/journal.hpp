#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "proto/codec.hpp"

namespace harmonic {

/// A run's journal: an append-only file of checksummed records, one a finished piece of work, on disk before the work
/// counts. Form of a record: length (4 bytes, little endian), XXH3-64 of the payload (8 bytes, little endian), payload
/// (protobuf). The first record is a header with the form's version, the hash of the run's settings, and the version of
/// the program that began the run.
class Journal {
 public:
  /// What lies at a path. `foreign` begins with something else than a journal's header.
  enum class Kind { none, empty, foreign, without_work, with_work };
  [[nodiscard]] static Kind kind(const std::filesystem::path& path);
  /// Nothing happens where there is no journal. @throws InputError for one that has the form of another version
  static void check_version(const std::filesystem::path& path);

  /// Opens or makes the file and reads every record. From the first record on that is cut short or damaged, the rest is
  /// cut off, with a warning that says how many bytes: that work is done again. A file that does not begin like a
  /// journal is left alone. A run begun by another version of the program goes on with a warning: its numbers may
  /// differ.
  /// @throws InputError when the journal belongs to other settings, has the form of another version, or is none
  /// @throws RunError when the file cannot be read or written
  Journal(std::filesystem::path path, std::uint64_t settings_hash);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// What came of this work, when it was finished before; else null.
  [[nodiscard]] const FinishedWork* find(const Work& work) const;
  /// Returns once the record is on disk. @throws RunError
  void append(FinishedWork finished);
  [[nodiscard]] std::size_t size() const { return finished_.size(); }

 private:
  void read_all(std::uint64_t settings_hash);
  void write(const JournalRecord& record);

  std::filesystem::path path_;
  int file_ = -1;
  std::map<std::string, FinishedWork> finished_;  ///< by the work's bytes
};

}  // namespace harmonic
