#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "proto/codec.hpp"

namespace harmonic {

/// A run's journal: an append-only file of checksummed records, one a finished piece of work, on disk before the work
/// counts. Form of a record: length (4 bytes, little endian), XXH3-64 of the payload (8 bytes, little endian), payload
/// (protobuf). The first record is a header with the form's version and the hash of the run's settings.
class Journal {
 public:
  /// Opens or makes the file and reads every record. From the first record on that is cut short or damaged, the rest is
  /// cut off, with a warning that says how many bytes: that work is done again.
  /// @throws InputError when the journal belongs to other settings or to a newer program
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
