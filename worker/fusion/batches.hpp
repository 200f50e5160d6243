#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <torch/types.h>

#include "core/base/rng.hpp"

namespace harmonic {

/// What the batches of a fusion search are drawn for: streams of their own.
inline constexpr const char* kWeightBatches = "fusion-weight-batches";
inline constexpr const char* kArchitectureBatches = "fusion-architecture-batches";

/// A fresh order of all samples, cut into batches of indices. A last batch of a single sample, which batch norm cannot
/// take, is left out.
/// @param views of every sample: one is drawn for each. Index: view * samples + sample
[[nodiscard]] std::vector<torch::Tensor> shuffled_batches(std::int64_t samples, int batch, RandomStream random,
                                                          torch::Device device, int views = 1);

/// Batches of every lane's own samples as batches of all lanes' samples, lane by lane.
/// @param rows_a_lane that lie between a sample of one lane and the next one's; 0: all lanes share their samples
[[nodiscard]] torch::Tensor join_lanes(std::vector<torch::Tensor> batches, std::int64_t rows_a_lane);

/// An epoch's shuffled batches of all lanes. @param seeds one a lane @param samples, views of one lane
[[nodiscard]] std::vector<torch::Tensor> lane_batches(std::span<const std::uint64_t> seeds, const char* purpose,
                                                      int epoch, std::int64_t samples, int views, int batch,
                                                      std::int64_t rows_a_lane, torch::Device device);

/// An endless run of shuffled batches.
class BatchCycle {
 public:
  BatchCycle(std::int64_t samples, int batch, std::uint64_t seed, const char* purpose, torch::Device device,
             int views = 1)
      : samples_(samples), batch_(batch), seed_(seed), purpose_(purpose), device_(device), views_(views) {}
  [[nodiscard]] torch::Tensor next();

 private:
  std::int64_t samples_;
  int batch_;
  std::uint64_t seed_;
  const char* purpose_;
  torch::Device device_;
  int views_;
  std::uint64_t round_ = 0;
  std::vector<torch::Tensor> batches_;
  std::size_t position_ = 0;
};

}  // namespace harmonic
