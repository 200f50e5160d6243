#include "worker/fusion/fused_chunks.hpp"

#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>

namespace harmonic::fused {

using torch::Tensor;

Tensor ChunkSums::total() const {
  Tensor all = at::zeros({width_}, at::kDouble);
  double* to = all.data_ptr<double>();
  for (const auto& sum : sums_)
    for (std::int64_t c = 0; c < width_; ++c) to[c] += sum[c];
  return all;
}

ChunkMoments::ChunkMoments(const Sizes& sizes, std::int64_t width)
    : sizes_(sizes), mean_(at::empty({sizes.chunks(), width}, at::kDouble)), spread_(at::empty_like(mean_)) {}

void ChunkMoments::add(const Chunk& chunk, const Tensor& rows) {
  const std::int64_t width = rows.size(1), count = rows.size(0);
  const float* data = floats(rows);
  ColumnSums sum(width), square(width);
  for (std::int64_t r = 0; r < count; r += kBlockRows) {
    kernels::column_moments({r, std::min(kBlockRows, count - r), width}, data + r * width, data, sum.block(),
                            square.block());
    sum.end_block();
    square.end_block();
  }
  double* mean = mean_.data_ptr<double>() + chunk.index * width;
  double* spread = spread_.data_ptr<double>() + chunk.index * width;
  for (std::int64_t c = 0; c < width; ++c) {
    const double shifted = sum[c] / static_cast<double>(count);
    mean[c] = shifted + static_cast<double>(data[c]);
    spread[c] = square[c] - shifted * sum[c];
  }
}

Moments ChunkMoments::moments() const {
  const std::int64_t width = mean_.size(1);
  Tensor mean = at::zeros({width}, at::kDouble), variance = at::zeros({width}, at::kDouble);
  double *m = mean.data_ptr<double>(), *v = variance.data_ptr<double>();
  const double *means = mean_.data_ptr<double>(), *spreads = spread_.data_ptr<double>();
  const auto share = [&](std::int64_t chunk) {
    const std::int64_t samples = std::min(sizes_.chunk_samples(), sizes_.samples - chunk * sizes_.chunk_samples());
    return static_cast<double>(samples) / static_cast<double>(sizes_.samples);
  };
  for (std::int64_t i = 0; i < sizes_.chunks(); ++i)
    for (std::int64_t c = 0; c < width; ++c) m[c] += share(i) * means[i * width + c];
  for (std::int64_t i = 0; i < sizes_.chunks(); ++i)
    for (std::int64_t c = 0; c < width; ++c) {
      const double off = means[i * width + c] - m[c];
      v[c] += share(i) * off * off + spreads[i * width + c] / static_cast<double>(sizes_.rows());
    }
  return {mean.to(at::kFloat), variance.clamp_min(0).to(at::kFloat), sizes_.rows()};
}

Norm norm_of(const Moments& moments, const Tensor& weight, const Tensor& bias, double epsilon) {
  const Tensor inverse = (moments.variance + epsilon).rsqrt();
  const Tensor slope = weight * inverse;
  return {slope, bias - moments.mean * slope, moments.mean, inverse};
}

void update_running(const torch::nn::BatchNorm1d& norm, const Moments& moments, const Tensor& conv_bias,
                    std::int64_t first) {
  const double momentum = *norm->options.momentum();
  const std::int64_t width = norm->running_mean.size(0);
  const Tensor mean = moments.mean.narrow(0, first, width) + conv_bias.narrow(0, first, width);
  norm->running_mean.mul_(1 - momentum).add_(mean, momentum);
  norm->running_var.mul_(1 - momentum)
      .add_(moments.variance.narrow(0, first, width), momentum * unbiasing(moments.count));
}

NormGradients norm_gradients(const Norm& norm, const Tensor& sum, const Tensor& product, std::int64_t rows,
                             bool own_moments) {
  const Tensor inverse = norm.inverse.to(at::kDouble), slope = norm.slope.to(at::kDouble);
  const Tensor along = product * inverse;  // sum of dv * uhat, uhat = (u - mean) * inverse
  NormGradients all{along.to(at::kFloat), sum.to(at::kFloat), (sum * slope).to(at::kFloat), at::zeros_like(norm.mean),
                    at::zeros_like(norm.mean)};
  if (!own_moments) return all;
  // du = slope * (dv - mean(dv) - uhat * mean(dv * uhat)), which adds up to 0: the convolution's bias has no part in
  // it.
  const Tensor by_u = -slope * along * inverse / static_cast<double>(rows);
  all.conv_bias.zero_();
  all.by_u = by_u.to(at::kFloat);
  all.constant = (-slope * sum / static_cast<double>(rows) - by_u * norm.mean).to(at::kFloat);
  return all;
}

kernels::DropoutMask draw_mask(double probability, Mode mode) {
  if (mode != Mode::train || probability <= 0) return {};
  const auto seed = static_cast<std::uint32_t>(at::randint(1LL << 32, {1}, at::kLong).item<std::int64_t>());
  return {seed, static_cast<std::uint32_t>(probability * 4294967296.0), static_cast<float>(1 / (1 - probability))};
}

}  // namespace harmonic::fused
