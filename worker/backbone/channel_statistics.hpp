#pragma once

#include <torch/types.h>

namespace harmonic {

/// Mean and variance of every channel.
struct ChannelStatistics {
  torch::Tensor mean;      ///< (C)
  torch::Tensor variance;  ///< (C), biased: divided by `count`
  std::int64_t count = 0;  ///< values a channel
};

/// Of x, (N, C) or (N, C, H, W), in double precision. LibTorch's channels-last batch norm on the CPU adds up long
/// columns in float32, which costs the fourth digit of a mean. The same bits whatever the number of threads.
[[nodiscard]] ChannelStatistics channel_statistics(const torch::Tensor& x);

}  // namespace harmonic
