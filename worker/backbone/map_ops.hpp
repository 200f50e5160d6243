#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include <torch/types.h>

#include "core/space/search_space.hpp"
#include "worker/tensor/batch_norm.hpp"

namespace harmonic {

/// The operations of a block at inference, each passing over its map once: a batch norm and activation are applied to
/// the values on their way into the operation behind them, and what comes out is summed up for the next norm.
/// Maps are (N, H, W, C), contiguous or cut from wider ones along C; C is a multiple of 8. Float32 on the CPU runs on
/// kernels of the project's own, all else on LibTorch's. Without gradients. An output value depends on its own inputs
/// alone: cutting channels before or after an operation gives the same bits, and so does any number of threads.
/// LibTorch's operations make maps of their own on the way, of `at_once` samples at a time; they compute in the type of
/// the map, moments and normalised values in float32 at least.

/// A batch norm as one factor and one summand a channel, with the activation behind it.
struct FoldedNorm {
  torch::Tensor scale, shift;  ///< (C); undefined: values pass as they are
  Activation activation = Activation::relu;

  [[nodiscard]] FoldedNorm first(int channels) const;  ///< of the first channels
};

/// A map and the moments of its channels over the batch; those are empty unless asked for.
struct MeasuredMap {
  torch::Tensor map;
  Moments moments;
};

inline constexpr std::int64_t kAllAtOnce = std::numeric_limits<std::int64_t>::max();

/// 1x1 convolution of the first widths[i] channels, for every i at once. Widths ascend.
/// @param weight (out, C)
/// @param gate (N, C) factors behind the activation, or undefined
[[nodiscard]] std::vector<MeasuredMap> pointwise(const torch::Tensor& x, const FoldedNorm& norm,
                                                 const torch::Tensor& gate, const torch::Tensor& weight,
                                                 const std::vector<int>& widths, bool measure,
                                                 std::int64_t at_once = kAllAtOnce);

/// Depthwise convolution, padding kernel / 2. @param weight (C, 1, kernel, kernel)
[[nodiscard]] MeasuredMap depthwise(const torch::Tensor& x, const FoldedNorm& norm, const torch::Tensor& weight,
                                    int stride, bool measure, std::int64_t at_once = kAllAtOnce);

/// A map as a 1x1 convolution widens it for the depthwise ones behind it. With the project's kernels it is never there
/// as a whole, several times the map that it is made of: its moments are summed up as it goes by, and each depthwise
/// convolution makes it once more, a sample at a time, which costs no more than to fetch it from memory. Elsewhere it
/// is made once, if all samples are taken at once. Either way the same bits as of pointwise() and depthwise().
class ExpandedMap {
 public:
  /// @param weight (C, channels of x)
  ExpandedMap(torch::Tensor x, torch::Tensor weight, bool measure, std::int64_t at_once = kAllAtOnce);

  [[nodiscard]] const Moments& moments() const { return moments_; }  ///< empty unless asked for
  /// Of the first channels, as many as `weight` is for, with `norm` before it.
  [[nodiscard]] MeasuredMap depthwise(const FoldedNorm& norm, const torch::Tensor& weight, int stride,
                                      bool measure) const;

 private:
  torch::Tensor x_, weight_;
  std::int64_t at_once_;
  torch::Tensor map_;  ///< where it is made once
  Moments moments_;
};

/// x * scale + shift, without an activation, + shortcut where that is defined.
[[nodiscard]] torch::Tensor normalise(const torch::Tensor& x, const FoldedNorm& norm, const torch::Tensor& shortcut);

/// (N, C): every channel's average over the normalised and activated map.
[[nodiscard]] torch::Tensor average(const torch::Tensor& x, const FoldedNorm& norm, std::int64_t at_once = kAllAtOnce);

}  // namespace harmonic
