#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/config/search_settings.hpp"
#include "worker/backbone/subnet.hpp"
#include "worker/models/model_file.hpp"

namespace harmonic {

/// A model that a run kept, as it ran there: the sub-networks' and the fusion's own layers, on the CPU. It needs the
/// model's folder alone: neither supernets nor samples to recalibrate on.
class KeptModel {
 public:
  /// @param folder models/<id> of a run @param settings of the run, fitted to its samples
  /// @throws InputError: a file that is missing or damaged, weights that are not of this model, a model of other
  ///   modalities than the settings, or one by the published protocol, which retrains nothing
  KeptModel(const std::filesystem::path& folder, const SearchSettings& settings);

  [[nodiscard]] const ModelFile& file() const { return file_; }
  [[nodiscard]] const std::vector<BackboneSpace>& spaces() const { return spaces_; }
  /// In force: how its inputs are pooled and its states shaped, and whether backbones' logits are added.
  [[nodiscard]] const FusionSettings& fusion() const { return fusion_; }
  /// [modality] indices of the features that its backbone offers to fusion, ascending.
  [[nodiscard]] const std::vector<std::vector<int>>& offered() const { return offered_; }

  /// Logits (N, classes), without gradients.
  /// @param inputs [modality] normalised, (N, C, H, W) or (N, F), as SampleSource gives them; a few hundred samples
  [[nodiscard]] torch::Tensor logits(const std::vector<torch::Tensor>& inputs) const;

 private:
  ModelFile file_;
  std::vector<BackboneSpace> spaces_;
  FusionSettings fusion_;
  std::vector<std::vector<int>> offered_;
  std::vector<Subnet> subnets_;
};

}  // namespace harmonic
