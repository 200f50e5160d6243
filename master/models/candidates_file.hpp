#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <vector>

#include "master/models/archive.hpp"
#include "master/models/results.hpp"

namespace harmonic {

/// candidates.csv of a run: a row a model ever scored, by id. Appended to, and written whole when a quarter of it
/// is new: rows of models that were retrained since then wait for that, and standard errors of older rows. A model that
/// is scored later than others with higher ids stands behind them until the file is whole.
class CandidatesFile {
 public:
  /// Brings the file up to date: a time that grows with what is new, but where it writes all. @throws RunError
  /// @param whole all of it, whatever it has grown by: the bytes of ResultTables::candidates_csv
  /// @param changed models may be other than they were when this was called before (retrained, tested): else rows that
  ///   are there are as they should be, and are never written again
  void save(const std::filesystem::path& path, const Archive& archive, const ResultTables& tables, bool with_test,
            bool whole, bool changed = true);

 private:
  [[nodiscard]] std::vector<CandidateId> new_models(const Archive::Models& models) const;
  void note(const std::vector<CandidateId>& written);

  std::size_t rows_ = 0;
  std::size_t whole_rows_ = 0;     ///< when it was last written whole
  CandidateId last_{};             ///< the highest of a row
  std::set<CandidateId> missing_;  ///< ids below that without a row: of models under way, or that failed
  std::uintmax_t bytes_ = 0;       ///< 0: not written by this object
  bool stale_ = false;             ///< rows may be other by now than they stand there
  bool sorted_ = true;             ///< rows ascend
};

}  // namespace harmonic
