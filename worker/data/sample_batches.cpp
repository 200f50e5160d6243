#include "worker/data/sample_batches.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "worker/tensor/permutation.hpp"

namespace harmonic {

std::vector<torch::Tensor> calibration_ids(std::int64_t samples, int batch) {
  if (samples < 2)
    throw InputError(fmt::format("{} samples to re-estimate batch norms on", samples),
                     "give a data set whose train split has two or more: one has no variance");
  // No batch of one sample: of three samples two would make one.
  const std::int64_t count = std::clamp<std::int64_t>((samples + batch / 2) / batch, 1, samples / 2);
  RandomStream random(Seed{0}, "calibration order");
  return permutation(samples, random).tensor_split(count);
}

std::vector<torch::Tensor> calibration_batches(const torch::Tensor& samples, int batch) {
  std::vector<torch::Tensor> batches;
  for (const auto& ids : calibration_ids(samples.size(0), batch))
    batches.push_back(samples.index_select(0, ids.to(samples.device())));
  return batches;
}

std::int64_t evaluation_chunk(const torch::Tensor& inputs) {
  constexpr std::int64_t kElements = 2'000'000;
  constexpr std::int64_t kSamples = 512;
  const std::int64_t sample = std::max<std::int64_t>(1, inputs.numel() / std::max<std::int64_t>(1, inputs.size(0)));
  return std::clamp<std::int64_t>(kElements / sample, 1, kSamples);
}

}  // namespace harmonic
