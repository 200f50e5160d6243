#include "master/models/candidates_file.hpp"

#include <iterator>

#include "core/storage/append_file.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {

void CandidatesFile::save(const std::filesystem::path& path, const Archive& archive, const ResultTables& tables,
                          bool with_test, bool whole, bool changed) {
  const auto& models = archive.models();
  const auto added = models.upper_bound(last_);
  const auto new_rows = static_cast<std::size_t>(std::distance(added, models.end()));
  std::error_code none;
  const bool as_left = bytes_ > 0 && std::filesystem::file_size(path, none) == bytes_ && !none;
  const bool has_grown = 4 * (models.size() - whole_rows_) >= models.size();
  stale_ |= changed;
  const bool is_due = stale_ && (whole || has_grown);
  if (as_left && !is_due && rows_ + new_rows == models.size()) {
    const std::string text = tables.candidate_rows(archive, last_, with_test);
    if (!text.empty()) append_file(path, text);
    bytes_ += text.size();
  } else {
    const std::string text = tables.candidates_csv(archive, with_test);
    replace_file(path, text);
    bytes_ = text.size();
    whole_rows_ = models.size();
    stale_ = false;
  }
  rows_ = models.size();
  if (!models.empty()) last_ = models.rbegin()->first;
}

}  // namespace harmonic
