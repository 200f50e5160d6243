#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <torch/types.h>

namespace harmonic {

/// What the batches of a fusion search are drawn for: streams of their own.
inline constexpr const char* kWeightBatches = "fusion-weight-batches";
inline constexpr const char* kArchitectureBatches = "fusion-architecture-batches";

/// What batches of lanes are cut from. Each lane draws an order of its own; a batch holds its samples of all lanes, one
/// lane after another.
struct LaneOrders {
  std::vector<std::uint64_t> seeds;  ///< one a lane
  const char* purpose = "";
  std::int64_t samples = 0;  ///< of one lane
  int views = 1;             ///< of every sample: one is drawn for each. Index: view * samples + sample
  int batch = 0;             ///< samples of a lane in a batch
  /// Rows between a sample of one lane and the next one's; 0: all lanes share their samples.
  std::int64_t rows_a_lane = 0;
};

/// An epoch's shuffled batches of indices, of all lanes, which go to the device together. A last batch of a single
/// sample, which batch norm cannot take, is left out.
[[nodiscard]] std::vector<torch::Tensor> lane_batches(const LaneOrders& orders, int epoch, torch::Device device);

/// An endless run of such batches: epoch after epoch, drawn ahead where an epoch has but a few, so that the device is
/// seldom sent any.
class BatchCycle {
 public:
  BatchCycle(LaneOrders orders, torch::Device device) : orders_(std::move(orders)), device_(device) {}
  [[nodiscard]] torch::Tensor next();

 private:
  LaneOrders orders_;
  torch::Device device_;
  int epoch_ = 0;
  std::vector<torch::Tensor> batches_;
  std::size_t position_ = 0;
};

}  // namespace harmonic
