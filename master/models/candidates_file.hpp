#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "master/models/archive.hpp"
#include "master/models/results.hpp"

namespace harmonic {

/// candidates.csv of a run: a row a model ever scored, by id. Appended to, and written whole when a quarter of it
/// is new: rows of models that were retrained since then wait for that, and standard errors of older rows.
class CandidatesFile {
 public:
  /// Brings the file up to date. Where all models that are new come after those that the file holds (ids ascend with
  /// the generations), and less than a quarter is new, only these are written. @throws RunError
  /// @param whole all of it, whatever it has grown by: the bytes of ResultTables::candidates_csv
  /// @param changed models may be other than they were when this was called before (retrained, tested): else rows that
  ///   are there are as they should be, and are never written again
  void save(const std::filesystem::path& path, const Archive& archive, const ResultTables& tables, bool with_test,
            bool whole, bool changed = true);

 private:
  std::size_t rows_ = 0;
  std::size_t whole_rows_ = 0;  ///< when it was last written whole
  CandidateId last_{};          ///< of the last row
  std::uintmax_t bytes_ = 0;    ///< 0: not written by this object
  bool stale_ = false;          ///< rows may be other by now than they stand there
};

}  // namespace harmonic
