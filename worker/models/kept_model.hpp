#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/config/search_settings.hpp"
#include "core/data/dataset_file.hpp"
#include "worker/backbone/subnet.hpp"
#include "worker/fusion/samples.hpp"
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

  /// @throws InputError when the data have annumber of classes of their own
  void check_classes(const DatasetFile& data) const;

  /// What the backbones give to fusion, and what each says alone, without gradients; the labels are none.
  /// @param inputs [modality] normalised, (N, C, H, W) or (N, F), as SampleSource gives them; a few hundred samples
  [[nodiscard]] Samples samples(const std::vector<torch::Tensor>& inputs) const;
  /// The whole model's logits (N, classes) of what its backbones gave, without gradients.
  [[nodiscard]] torch::Tensor logits(const Samples& samples) const;
  [[nodiscard]] torch::Tensor logits(const std::vector<torch::Tensor>& inputs) const { return logits(samples(inputs)); }

 private:
  ModelFile file_;
  std::vector<BackboneSpace> spaces_;
  FusionSettings fusion_;
  std::vector<std::vector<int>> offered_;
  std::vector<Subnet> subnets_;
};

}  // namespace harmonic
