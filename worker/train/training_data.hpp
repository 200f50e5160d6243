#pragma once

#include <torch/types.h>

#include "core/data/dataset_file.hpp"
#include "core/space/search_space.hpp"
#include "worker/data/sample_source.hpp"

namespace harmonic {

/// A modality's train and validation split. Supernets see no test sample.
struct TrainingData {
  SampleSource train_inputs;
  torch::Tensor train_labels;
  SampleSource val_inputs;
  torch::Tensor val_labels;
  LabelKind kind = LabelKind::classification;
};

/// @throws InputError when samples do not fit the space, or a split has too few
void check_data(const BackboneSpace& space, const TrainingData& data);

}  // namespace harmonic
