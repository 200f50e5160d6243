#include "worker/fusion/batches.hpp"

#include <algorithm>

#include <torch/types.h>

#include "core/base/rng.hpp"
#include "worker/tensor/permutation.hpp"
#include "worker/tensor/upload.hpp"

namespace harmonic {
namespace {

/// Batches that BatchCycle has at hand, about: one upload for so many.
constexpr std::size_t kAhead = 64;

/// A fresh order of all samples, each in a view drawn at random: (samples) on the CPU.
torch::Tensor drawn_order(std::int64_t samples, RandomStream random, int views) {
  torch::Tensor indices = permutation(samples, random);
  if (views > 1)
    for (auto& index : std::span(indices.data_ptr<std::int64_t>(), static_cast<std::size_t>(samples)))
      index += samples * static_cast<std::int64_t>(random.below(static_cast<std::size_t>(views)));
  return indices;
}

/// Cuts orders, (lanes, samples), into batches. Adds them to `batches`.
void cut(const torch::Tensor& orders, int batch, std::vector<torch::Tensor>& batches) {
  const std::int64_t samples = orders.size(1);
  for (std::int64_t first = 0; first < samples; first += batch)
    if (const auto count = std::min<std::int64_t>(batch, samples - first); count > 1)
      batches.push_back(orders.narrow(1, first, count).reshape({-1}));
}

torch::Tensor drawn_orders(const LaneOrders& orders, int epoch) {
  std::vector<torch::Tensor> lanes;
  for (std::size_t lane = 0; lane < orders.seeds.size(); ++lane) {
    RandomStream random(Seed{orders.seeds[lane]}, orders.purpose, static_cast<std::uint64_t>(epoch));
    lanes.push_back(drawn_order(orders.samples, random, orders.views));
    if (orders.rows_a_lane > 0) lanes.back() += static_cast<std::int64_t>(lane) * orders.rows_a_lane;
  }
  return at::stack(lanes);
}

/// The same batches on a device.
std::vector<torch::Tensor> sent(const std::vector<torch::Tensor>& batches, torch::Device device) {
  if (device.is_cpu() || batches.empty()) return batches;
  std::vector<std::int64_t> sizes;
  for (const auto& batch : batches) sizes.push_back(batch.size(0));
  return uploaded(at::cat(batches), device).split_with_sizes(sizes);
}

}  // namespace

std::vector<torch::Tensor> lane_batches(const LaneOrders& orders, int epoch, torch::Device device) {
  std::vector<torch::Tensor> batches;
  cut(drawn_orders(orders, epoch), orders.batch, batches);
  return sent(batches, device);
}

torch::Tensor BatchCycle::next() {
  if (position_ == batches_.size()) {
    std::vector<torch::Tensor> drawn;
    do cut(drawn_orders(orders_, epoch_++), orders_.batch, drawn);
    while (!drawn.empty() && drawn.size() < kAhead);
    batches_ = sent(drawn, device_);
    position_ = 0;
  }
  return batches_.at(position_++);
}

}  // namespace harmonic
