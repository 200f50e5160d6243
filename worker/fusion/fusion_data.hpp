#pragma once

#include <vector>

#include <torch/types.h>

#include "core/config/search_settings.hpp"
#include "core/data/dataset_file.hpp"
#include "worker/fusion/state.hpp"

namespace harmonic {

/// What a fusion search learns from: features of frozen backbones, computed once. The test split is not among it.
/// A split may come in several views, varied copies of every sample (add_views): its N rows are then all samples of the
/// first view, all of the second, and so on. An epoch of training sees every sample once, in a view drawn at random;
/// the validation metric is over all views.
struct FusionData {
  std::vector<torch::Tensor> train, val;   ///< [input], all modalities one after another: (N, C_i, L) pooled maps, as
                                           ///< pooled_feature gives them, or (N, F, 1) vectors; float32
  torch::Tensor train_labels, val_labels;  ///< (N) int64 classes, or (N, classes) float32 of 0 and 1
  int train_views = 1, val_views = 1;      ///< divide N
  LabelKind kind = LabelKind::classification;
  int classes = 0;
};

/// @throws InputError for data that do not fit together, or are not what the settings ask for
void check_data(const FusionData& data, const FusionSettings& settings);

/// Channels of every input. @param features (N, C_i, …)
[[nodiscard]] std::vector<int> channels_of(const std::vector<torch::Tensor>& features);

[[nodiscard]] StateShape state_shape(const FusionSettings& settings);

}  // namespace harmonic
