#pragma once

#include <cstddef>
#include <cstdint>
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
