#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "worker/data/sample_source.hpp"

namespace harmonic {

/// Which of `samples` are in which batch of about `batch` for recalibration, after a fixed shuffle: data sets are often
/// sorted by class. Sizes differ by one at most; all samples are used.
/// @return indices, int64, of every batch
/// @throws InputError when there are fewer than two samples: one has no variance
[[nodiscard]] std::vector<torch::Tensor> calibration_ids(std::int64_t samples, int batch);
/// The same of `limit` samples that stand for all, where there are more: a fixed choice in which every class has its
/// share, of label sets one at random. What is chosen of few is among what is chosen of more.
/// @param labels of all samples, (N) class indices or (N, classes) 0/1
[[nodiscard]] std::vector<torch::Tensor> calibration_ids(const torch::Tensor& labels, std::optional<std::int64_t> limit,
                                                         int batch);
/// Batches themselves. @param ids of each (calibration_ids())
[[nodiscard]] std::vector<torch::Tensor> batches_of(const torch::Tensor& samples,
                                                    const std::vector<torch::Tensor>& ids);
/// All samples in batches of about `batch`.
[[nodiscard]] std::vector<torch::Tensor> calibration_batches(const torch::Tensor& samples, int batch);

/// Batches that are gone through again and again, in the same order. Small ones are kept, others made each time.
class SampleBatches {
 public:
  SampleBatches() = default;  ///< none
  /// @param ids of each batch (calibration_ids())
  SampleBatches(SampleSource samples, std::vector<torch::Tensor> ids);
  /// Batches that are at hand.
  SampleBatches(std::vector<torch::Tensor> batches)
      : kept_(std::move(batches)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] std::size_t size() const { return kept_.size() + ids_.size(); }
  /// Calls `check` with whatever the batches are of.
  void check(const std::function<void(const SampleSource&)>& check) const;
  /// The same on a device.
  [[nodiscard]] SampleBatches to(torch::Device device) const;
  /// Calls `use` with one batch after another; the next one is read meanwhile.
  void visit(const std::function<void(const torch::Tensor&)>& use) const;

 private:
  SampleSource samples_;
  std::vector<torch::Tensor> ids_;   ///< of batches that are made each time
  std::vector<torch::Tensor> kept_;  ///< instead of them
};

/// Samples that go through a network at once: few enough for their activations to take a few hundred MiB at most.
[[nodiscard]] std::int64_t evaluation_chunk(const SampleSource& inputs);
/// The same on a device that has room for `in_room` samples at once: not more of them than a GPU is filled by, or than
/// may lie on their way there.
[[nodiscard]] std::int64_t device_chunk(const SampleSource& inputs, std::int64_t in_room);
/// Samples that were read together in parts that go through a network by themselves: on the CPU few enough for a small
/// map, written by one layer, to be in the core's cache when the next one reads it; on a GPU all of them.
[[nodiscard]] std::vector<torch::Tensor> evaluation_parts(const torch::Tensor& chunk);

}  // namespace harmonic
