#pragma once

#include <filesystem>
#include <set>

#include "core/config/search_settings.hpp"
#include "master/models/archive.hpp"
#include "master/run/run_inputs.hpp"

namespace harmonic {

/// Pictures of the models of a run's front, beside their weights.
class FrontPictures {
 public:
  /// @param settings of the run @param inputs live longer than this
  FrontPictures(const SearchSettings& settings, const RunInputs& inputs);

  /// Draws those of the front that this job has not drawn: models/<id>/architecture.svg and .dot. A model whose folder
  /// is gone, weights and all, is left out until it is searched for again: a folder in its place would keep the weights
  /// out. What cannot be drawn or written is told once, for results stand without pictures.
  void draw(const Archive& archive, const std::filesystem::path& models) noexcept;

 private:
  void draw(const ScoredModel& model, const std::filesystem::path& folder) const;

  SearchSettings settings_;  ///< their spaces fitted to the data
  const RunInputs& inputs_;
  std::set<CandidateId> drawn_;
  bool told_ = false;
};

}  // namespace harmonic
