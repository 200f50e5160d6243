#include "worker/tensor/batch_norm.hpp"

#include <algorithm>
#include <vector>

#include <ATen/Parallel.h>

#include "core/base/vector_clones.hpp"
#include "worker/tensor/upload.hpp"

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

double unbiasing(std::int64_t count) {
  return static_cast<double>(count) / static_cast<double>(std::max<std::int64_t>(1, count - 1));
}

Moments moments_of(const torch::Tensor& x) {
  const std::int64_t channels = x.size(1);
  const std::int64_t count = x.numel() / channels;
  if (!has_contiguous_rows(x)) {
    const auto dims = x.dim() == 2 ? std::vector<std::int64_t>{0} : std::vector<std::int64_t>{0, 2, 3};
    // A device's reduction joins means and spreads of parts (Welford), which loses nothing in float32; a copy of all in
    // double would take twice the map's memory once more.
    const auto type = x.is_cpu() ? torch::kFloat64 : torch::kFloat32;
    const auto [variance, mean] = torch::var_mean(x.to(type), dims, /*unbiased=*/false);
    const auto kept = at::promote_types(x.scalar_type(), torch::kFloat32);
    return {mean.to(kept), variance.to(kept), count};
  }
  const std::int64_t blocks = (count + kBlockRows - 1) / kBlockRows;
  const MomentSums sums(blocks, channels);
  const auto* rows = x.const_data_ptr<float>();
  at::parallel_for(0, blocks, 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) {
      const std::int64_t first = block * kBlockRows;
      add_rows(rows + first * channels, std::min(kBlockRows, count - first), channels, sums.values(block),
               sums.squares(block));
    }
  });
  return sums.moments(count);
}

Moments joined_moments(std::span<const Moments> parts) {
  if (parts.size() == 1) return parts.front();
  std::int64_t count = 0;
  for (const auto& part : parts) count += part.count;
  std::vector<double> shares;
  std::vector<torch::Tensor> means, variances;
  for (const auto& part : parts) {
    shares.push_back(static_cast<double>(part.count) / static_cast<double>(count));
    means.push_back(part.mean);
    variances.push_back(part.variance);
  }
  const auto all = torch::stack(means), spread = torch::stack(variances);
  const auto share = uploaded(torch::tensor(shares, torch::kFloat64).to(all.scalar_type()).unsqueeze(1), all.device());
  const auto mean = (all * share).sum(0);
  return {mean, ((spread + (all - mean).square()) * share).sum(0), count};
}

MomentSums::MomentSums(std::int64_t parts, std::int64_t channels)
    : sums_(torch::zeros({parts, 2, channels}, torch::kFloat64)) {}

double* MomentSums::values(std::int64_t part) const {
  return sums_.data_ptr<double>() + 2 * sums_.size(2) * part;
}

double* MomentSums::squares(std::int64_t part) const {
  return values(part) + sums_.size(2);
}

Moments MomentSums::moments(std::int64_t count) const {
  const std::int64_t channels = sums_.size(2);
  std::vector<double> totals(static_cast<std::size_t>(2 * channels));
  const double* part = sums_.const_data_ptr<double>();
  for (std::int64_t left = sums_.size(0); left > 0; --left)
    for (double& total : totals) total += *part++;
  const auto n = static_cast<double>(count);
  const auto mean = torch::empty({channels}), variance = torch::empty({channels});
  float *means = mean.data_ptr<float>(), *variances = variance.data_ptr<float>();
  for (std::int64_t c = 0; c < channels; ++c) {
    const double sum = totals[static_cast<std::size_t>(c)], square = totals[static_cast<std::size_t>(channels + c)];
    means[c] = static_cast<float>(sum / n);
    variances[c] = static_cast<float>(std::max(0.0, square / n - sum / n * sum / n));
  }
  return {mean, variance, count};
}

}  // namespace harmonic
