#pragma once

#include <cstdint>
#include <span>

#include <torch/types.h>

namespace harmonic {

inline constexpr double kBatchNormEpsilon = 1e-5;
inline constexpr double kBatchNormMomentum = 0.1;

/// Mean and variance of every channel over a batch: what batch norm divides by and keeps averages of.
struct Moments {
  torch::Tensor mean;      ///< (C)
  torch::Tensor variance;  ///< (C), biased: divided by `count`
  std::int64_t count = 0;  ///< values a channel
};

/// What a biased variance of `count` values is multiplied by to be unbiased, as running statistics are; of one value 1.
[[nodiscard]] double unbiasing(std::int64_t count);

/// Of x, (N, C) or (N, C, H, W), in double precision on the CPU; float32 where x is of fewer bits. LibTorch's
/// channels-last batch norm on the CPU adds up long columns in float32, which costs the fourth digit of a mean. The
/// same bits whatever the number of threads.
[[nodiscard]] Moments moments_of(const torch::Tensor& x);

/// Of a batch by those of its parts, of any sizes: means of the parts' means and spreads, and the spread of the means
/// about their own, in which nothing cancels. Source: Chan, Golub, LeVeque (1979). @param parts one or more
[[nodiscard]] Moments joined_moments(std::span<const Moments> parts);

/// Sums of values and of their squares over the parts of a batch, in double. Threads may fill different parts at once;
/// the parts are joined in their order, so that moments do not depend on the number of threads.
class MomentSums {
 public:
  MomentSums(std::int64_t parts, std::int64_t channels);
  [[nodiscard]] double* values(std::int64_t part) const;   ///< (C), to be added to
  [[nodiscard]] double* squares(std::int64_t part) const;  ///< (C)
  /// float32. @param count values a channel, over all parts
  [[nodiscard]] Moments moments(std::int64_t count) const;

 private:
  torch::Tensor sums_;  ///< (parts, 2, C)
};

}  // namespace harmonic
