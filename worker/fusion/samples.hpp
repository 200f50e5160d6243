#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "core/data/dataset_file.hpp"

namespace harmonic {

struct FusionSettings;

/// A split's labels. Every sample may stand there in several views, varied copies of it (with_views): rows are then all
/// samples in their first view, all in their second, and so on. An epoch of training sees every sample once, in a view
/// drawn at random; a metric is over all views.
struct Labels {
  torch::Tensor values;  ///< (rows) int64 classes, or (rows, classes) float32 of 0 and 1
  LabelKind kind = LabelKind::classification;
  int classes = 0;
  int views = 1;  ///< divide the rows
};

/// One split on a device, as fusion networks take it: checked, and made once (make_samples).
struct Samples {
  std::vector<torch::Tensor>
      features;  ///< [input], all modalities one after another: (rows, L, C_i) float32, feature_rows
  std::vector<torch::Tensor> logits;  ///< [modality] what each backbone alone says: (rows, classes) float32
  Labels labels;
  /// On a device: (rows, L, sum of channels), the maps side by side, of which the features are views. A batch of them
  /// all is then one kernel.
  torch::Tensor maps = {};

  [[nodiscard]] std::int64_t rows() const { return labels.values.size(0); }
  [[nodiscard]] std::int64_t count() const { return rows() / labels.views; }
  [[nodiscard]] torch::Device device() const { return labels.values.device(); }
  [[nodiscard]] std::vector<int> channels() const;  ///< [input] C_i
  [[nodiscard]] Samples at(const torch::Tensor& indices) const;
};

/// @param features [input] pooled maps (rows, C_i, L), as pooled_feature gives them, or vectors (rows, F, 1) or (rows,
/// F)
/// @param logits [modality] (rows, classes); none: only for fusion that does without
/// @param positions L of the maps
/// @throws InputError when features are not pooled to `positions`, or do not have a row a label, or the logits do not,
/// or the labels are no classes of theirs, or do not divide into views; NotFinite when a feature or logit holds a
/// number that is none
[[nodiscard]] Samples make_samples(const std::vector<torch::Tensor>& features, const std::vector<torch::Tensor>& logits,
                                   const Labels& labels, int positions, torch::Device device);

/// How many backbones' logits a fusion network of these samples adds to its own: all, or none where the settings say so
/// or the samples have none.
[[nodiscard]] int added_backbones(const Samples& samples, const FusionSettings& settings);

/// Samples of several lanes, one lane after another: row i of lane k is row k * rows + i. Features of a lane that has
/// fewer channels than another are filled up with 0.
[[nodiscard]] Samples join_lanes(std::vector<Samples> lanes);

/// What a fusion search learns from: features of frozen backbones. The test split is not among it.
struct FusionSamples {
  /// @throws InputError when the two differ in inputs or their channels, or the modalities have others, or other logits
  FusionSamples(Samples train_samples, Samples val_samples, std::vector<int> inputs_of_modalities);

  Samples train, val;
  std::vector<int> modalities;  ///< [modality] how many of the inputs are its own, one modality after another
};

}  // namespace harmonic
