#include "worker/backbone/channel_statistics.hpp"

#include <algorithm>
#include <vector>

#include <ATen/Parallel.h>

#include "core/base/vector_clones.hpp"

namespace harmonic {
namespace {

constexpr std::int64_t kBlockRows = 512;  ///< fixed, so that partial sums do not depend on threads

/// Adds each column's sum and sum of squares over some rows.
HARMONIC_VECTOR_CLONES
void add_rows(const float* values, std::int64_t rows, std::int64_t channels, double* sum, double* square) {
  for (std::int64_t row = 0; row < rows; ++row, values += channels)
    for (std::int64_t c = 0; c < channels; ++c) {
      const double value = values[c];
      sum[c] += value;
      square[c] += value * value;
    }
}

bool has_contiguous_rows(const torch::Tensor& x) {
  if (!x.is_cpu() || x.scalar_type() != torch::kFloat32) return false;
  return x.dim() == 2 ? x.is_contiguous() : x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace

ChannelStatistics channel_statistics(const torch::Tensor& x) {
  const std::int64_t channels = x.size(1);
  const std::int64_t count = x.numel() / channels;
  if (!has_contiguous_rows(x)) {
    const auto dims = x.dim() == 2 ? std::vector<std::int64_t>{0} : std::vector<std::int64_t>{0, 2, 3};
    const auto [variance, mean] = torch::var_mean(x.to(torch::kFloat64), dims, /*unbiased=*/false);
    return {mean.to(x.scalar_type()), variance.to(x.scalar_type()), count};
  }
  const std::int64_t blocks = (count + kBlockRows - 1) / kBlockRows;
  auto partial = torch::zeros({blocks, 2, channels}, torch::kFloat64);
  const auto* values = x.const_data_ptr<float>();
  auto* sums = partial.data_ptr<double>();
  at::parallel_for(0, blocks, 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) {
      const std::int64_t first = block * kBlockRows;
      double* sum = sums + 2 * channels * block;
      add_rows(values + first * channels, std::min(kBlockRows, count - first), channels, sum, sum + channels);
    }
  });
  const auto moments = partial.sum(0) / static_cast<double>(count);
  const auto variance = (moments[1] - moments[0].square()).clamp_min(0);
  return {moments[0].to(torch::kFloat32), variance.to(torch::kFloat32), count};
}

}  // namespace harmonic
