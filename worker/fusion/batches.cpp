#include "worker/fusion/batches.hpp"

#include <algorithm>

#include <torch/types.h>

#include "worker/tensor/permutation.hpp"

namespace harmonic {

std::vector<torch::Tensor> shuffled_batches(std::int64_t samples, int batch, RandomStream random, torch::Device device,
                                            int views) {
  torch::Tensor indices = permutation(samples, random);
  if (views > 1)
    for (auto& index : std::span(indices.data_ptr<std::int64_t>(), static_cast<std::size_t>(samples)))
      index += samples * static_cast<std::int64_t>(random.below(static_cast<std::size_t>(views)));
  indices = indices.to(device);
  std::vector<torch::Tensor> batches;
  for (std::int64_t first = 0; first < samples; first += batch)
    if (const auto count = std::min<std::int64_t>(batch, samples - first); count > 1)
      batches.push_back(indices.slice(0, first, first + count));
  return batches;
}

torch::Tensor join_lanes(std::vector<torch::Tensor> batches, std::int64_t rows_a_lane) {
  if (batches.size() == 1) return batches.front();
  for (std::size_t lane = 1; lane < batches.size() && rows_a_lane > 0; ++lane)
    batches[lane] = batches[lane] + static_cast<std::int64_t>(lane) * rows_a_lane;
  return at::cat(batches);
}

std::vector<torch::Tensor> lane_batches(std::span<const std::uint64_t> seeds, const char* purpose, int epoch,
                                        std::int64_t samples, int views, int batch, std::int64_t rows_a_lane,
                                        torch::Device device) {
  std::vector<std::vector<torch::Tensor>> by_batch;
  for (const auto seed : seeds) {
    const auto own = shuffled_batches(
        samples, batch, RandomStream(Seed{seed}, purpose, static_cast<std::uint64_t>(epoch)), device, views);
    by_batch.resize(own.size());
    for (std::size_t b = 0; b < own.size(); ++b) by_batch[b].push_back(own[b]);
  }
  std::vector<torch::Tensor> batches;
  for (auto& parts : by_batch) batches.push_back(join_lanes(std::move(parts), rows_a_lane));
  return batches;
}

torch::Tensor BatchCycle::next() {
  if (position_ == batches_.size()) {
    batches_ = shuffled_batches(samples_, batch_, RandomStream(Seed{seed_}, purpose_, round_++), device_, views_);
    position_ = 0;
  }
  return batches_[position_++];
}

}  // namespace harmonic
