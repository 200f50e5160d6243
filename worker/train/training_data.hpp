#pragma once

#include <torch/types.h>

#include "core/data/dataset_file.hpp"
#include "core/space/search_space.hpp"

namespace harmonic {

/// A modality's train and validation split. Supernets see no test sample.
struct TrainingData {
  torch::Tensor train_inputs, train_labels;
  torch::Tensor val_inputs, val_labels;
  LabelKind kind = LabelKind::classification;
};

/// @throws InputError when samples do not fit the space, or a split has too few
void check_data(const BackboneSpace& space, const TrainingData& data);

}  // namespace harmonic
