#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>

#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>

#include "worker/fusion/column_sums.hpp"
#include "worker/fusion/norm_activate_kernels.hpp"
#include "worker/fusion/state.hpp"
#include "worker/tensor/batch_norm.hpp"

/// How fused functions cut a batch: what is between matrix products is done in chunks of samples that stay in the
/// processor's cache. Chunks do not depend on the number of threads, nor does the order of sums over them: inside a
/// chunk in order, float for a block of rows and double over blocks (ColumnSums), then chunk by chunk. So the result is
/// the same, bit for bit, however many threads share the chunks out.
namespace harmonic::fused {

[[nodiscard]] inline float* floats(const torch::Tensor& tensor) {
  return tensor.data_ptr<float>();
}

/// The sizes of states (N, L, C), and how they are cut.
struct Sizes {
  std::int64_t samples, positions, channels;

  [[nodiscard]] std::int64_t rows() const { return samples * positions; }
  [[nodiscard]] std::int64_t state() const { return positions * channels; }  ///< numbers a sample
  /// A chunk has about 256 rows: its products (4 C floats a row) fit a processor core's own cache.
  [[nodiscard]] std::int64_t chunk_samples() const { return std::max<std::int64_t>(1, 256 / positions); }
  [[nodiscard]] std::int64_t chunks() const { return (samples + chunk_samples() - 1) / chunk_samples(); }
};

struct Chunk {
  std::int64_t index, first, samples;  ///< first sample
};

/// Calls `work` with every chunk, on all threads.
template <class Work>
void for_chunks(const Sizes& sizes, Work work) {
  at::parallel_for(0, sizes.chunks(), 1, [&](std::int64_t begin, std::int64_t end) {
    const at::AutoDispatchBelowAutograd no_graph;  // gradients are written out by hand; threads have modes of their own
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t first = i * sizes.chunk_samples();
      work(Chunk{i, first, std::min(sizes.chunk_samples(), sizes.samples - first)});
    }
  });
}

/// Rows of a chunk of a (rows, width) matrix.
[[nodiscard]] inline torch::Tensor rows_of(const torch::Tensor& matrix, const Sizes& sizes, const Chunk& chunk) {
  return matrix.narrow(0, chunk.first * sizes.positions, chunk.samples * sizes.positions);
}

/// Sums of columns, a set a chunk.
class ChunkSums {
 public:
  ChunkSums(const Sizes& sizes, std::int64_t width)
      : sums_(static_cast<std::size_t>(sizes.chunks()), ColumnSums(width)), width_(width) {}
  [[nodiscard]] ColumnSums& of(const Chunk& chunk) { return sums_[static_cast<std::size_t>(chunk.index)]; }
  [[nodiscard]] torch::Tensor total() const;  ///< (width) float64

 private:
  std::vector<ColumnSums> sums_;
  std::int64_t width_;
};

/// Rows whose float sums are added up before they join the double ones.
inline constexpr std::int64_t kBlockRows = 64;

/// Calls `work` with every sample of the chunk, and `end_block` whenever kBlockRows rows are through, and at the end.
template <class Work, class EndBlock>
void for_samples(const Sizes& sizes, const Chunk& chunk, Work work, EndBlock end_block) {
  std::int64_t rows = 0;
  for (std::int64_t n = chunk.first; n < chunk.first + chunk.samples; ++n) {
    work(n);
    rows += sizes.positions;
    if (rows < kBlockRows && n + 1 < chunk.first + chunk.samples) continue;
    end_block();
    rows = 0;
  }
}

/// Moments of all rows from those of chunks (each about the chunk's first row, so that a mean far from 0 does not
/// swallow the variance).
class ChunkMoments {
 public:
  ChunkMoments(const Sizes& sizes, std::int64_t width);
  void add(const Chunk& chunk, const torch::Tensor& rows);
  [[nodiscard]] Moments moments() const;

 private:
  Sizes sizes_;
  torch::Tensor mean_, spread_;  ///< (chunks, W) float64
};

/// Batch norm of products u that lack the convolution's bias: v = u * slope + offset.
struct Norm {
  torch::Tensor slope, offset, mean, inverse;  ///< (W); inverse standard deviation
};
[[nodiscard]] Norm norm_of(const Moments& moments, const torch::Tensor& weight, const torch::Tensor& bias,
                           double epsilon);
/// Columns [first, first + the norm's width) of `moments`, which lack the convolution's bias, enter the norm's running
/// statistics.
void update_running(const torch::nn::BatchNorm1d& norm, const Moments& moments, const torch::Tensor& conv_bias,
                    std::int64_t first);

struct NormGradients {
  torch::Tensor weight, bias, conv_bias;  ///< (W)
  torch::Tensor by_u, constant;           ///< (W) du = dv * slope + u * by_u + constant
};
/// From the sums over rows of dv and of dv * (u - mean).
/// @param own_moments the moments were the batch's own: gradients flow through them
[[nodiscard]] NormGradients norm_gradients(const Norm& norm, const torch::Tensor& sum, const torch::Tensor& product,
                                           std::int64_t rows, bool own_moments);

/// A mask with a seed of LibTorch's generator; of no effect unless in training.
[[nodiscard]] kernels::DropoutMask draw_mask(double probability, Mode mode);

}  // namespace harmonic::fused
