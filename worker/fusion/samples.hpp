#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "core/data/dataset_file.hpp"

namespace harmonic {

/// One split on a device, as fusion networks take it. Its rows are all samples in their first view, then all in their
/// second, and so on.
struct Samples {
  std::vector<torch::Tensor> features;  ///< [input] (rows, L, C_i), feature_rows
  torch::Tensor labels;                 ///< (rows) or (rows, classes)
  int views = 1;

  [[nodiscard]] std::int64_t rows() const { return labels.size(0); }
  [[nodiscard]] std::int64_t count() const { return rows() / views; }
  [[nodiscard]] Samples at(const torch::Tensor& indices) const;
};

/// Those of several lanes, one after another: row i of lane k is row k * rows + i. Features of a lane that has fewer
/// channels than another are filled up with 0.
[[nodiscard]] Samples join_lanes(std::vector<Samples> lanes);

/// @param features pooled maps (N, C, L) or vectors (N, F, 1)
[[nodiscard]] Samples make_samples(const std::vector<torch::Tensor>& features, const torch::Tensor& labels, int views,
                                   torch::Device device);

/// @throws InputError when features are not pooled to `positions`, or do not have a row a label, or the labels are no
/// classes of `classes`, or do not divide into `views`
void check_samples(const std::vector<torch::Tensor>& features, const torch::Tensor& labels, int views, LabelKind kind,
                   int classes, int positions);

}  // namespace harmonic
