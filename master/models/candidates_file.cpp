#include "master/models/candidates_file.hpp"

#include "core/storage/append_file.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {

void CandidatesFile::save(const std::filesystem::path& path, const Archive& archive, const ResultTables& tables,
                          bool with_test, bool whole, bool changed) {
  const auto& models = archive.models();
  const auto added = new_models(models);
  std::error_code none;
  const bool as_left = bytes_ > 0 && std::filesystem::file_size(path, none) == bytes_ && !none;
  const bool has_grown = 4 * (models.size() - whole_rows_) >= models.size();
  stale_ |= changed;
  const bool ascends = sorted_ && (added.empty() || added.front() > last_);
  const bool is_due = (stale_ && (whole || has_grown)) || (whole && !ascends);
  if (as_left && !is_due && rows_ + added.size() == models.size()) {
    const std::string text = tables.candidate_rows(archive, added, with_test);
    if (!text.empty()) append_file(path, text);
    bytes_ += text.size();
    sorted_ = ascends;
  } else {
    const std::string text = tables.candidates_csv(archive, with_test);
    replace_file(path, text);
    bytes_ = text.size();
    whole_rows_ = models.size();
    stale_ = false;
    sorted_ = true;
  }
  rows_ = models.size();
  note(added);
}

/// Ascending.
std::vector<CandidateId> CandidatesFile::new_models(const Archive::Models& models) const {
  std::vector<CandidateId> added;
  for (const auto id : missing_)
    if (models.contains(id)) added.push_back(id);
  for (auto it = models.upper_bound(last_); it != models.end(); ++it) added.push_back(it->first);
  return added;
}

void CandidatesFile::note(const std::vector<CandidateId>& written) {
  for (const auto id : written) {
    if (missing_.erase(id) > 0) continue;
    for (auto between = last_.value + 1; between < id.value; ++between) missing_.insert(CandidateId{between});
    last_ = id;
  }
}

}  // namespace harmonic
