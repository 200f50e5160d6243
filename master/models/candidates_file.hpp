#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "master/models/archive.hpp"
#include "master/models/results.hpp"

namespace harmonic {

/// candidates.csv of a run: a row a model ever scored, by id. Written whole the first time, then appended to.
class CandidatesFile {
 public:
  /// Brings the file up to date: the bytes of ResultTables::candidates_csv. Where all that is new comes after what the
  /// file holds (ids ascend with the generations) only that is written, else the whole file. @throws RunError
  void save(const std::filesystem::path& path, const Archive& archive, const ResultTables& tables, bool with_test);

 private:
  std::size_t rows_ = 0;
  CandidateId last_{};        ///< of the last row
  std::uintmax_t bytes_ = 0;  ///< 0: not written by this object
};

}  // namespace harmonic
