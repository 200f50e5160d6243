#include "worker/backbone/forward_mode.hpp"

#include <algorithm>
namespace harmonic {
namespace {

torch::Tensor normalise(const BatchNormView& norm, const torch::Tensor& mean, const torch::Tensor& variance,
                        const torch::Tensor& x) {
  return torch::batch_norm(x, norm.weight, norm.bias, mean, variance, /*training=*/false, kBatchNormMomentum,
                           kBatchNormEpsilon, /*cudnn_enabled=*/true);
}

}  // namespace

torch::Tensor StoredStatistics::batch_norm(const BatchNormView& norm, std::size_t, const torch::Tensor& x) {
  return normalise(norm, norm.mean, norm.variance, x);
}

torch::Tensor GivenStatistics::batch_norm(const BatchNormView& norm, std::size_t index, const torch::Tensor& x) {
  return normalise(norm, statistics_[index].mean, statistics_[index].variance, x);
}

torch::Tensor EstimatingStatistics::batch_norm(const BatchNormView& norm, std::size_t index, const torch::Tensor& x) {
  const auto batch = channel_statistics(x);
  add_batch(statistics_, index, norm, batch);
  return normalise(norm, batch.mean, batch.variance, x);
}

void add_batch(std::vector<BatchNormStatistics>& statistics, std::size_t index, const BatchNormView& norm,
               const ChannelStatistics& batch) {
  if (index == statistics.size())
    statistics.push_back({torch::zeros_like(norm.mean), torch::zeros_like(norm.variance), 0});
  auto& [mean, variance, batches] = statistics[index];
  const auto channels = norm.mean.size(0);
  const double unbiased =
      static_cast<double>(batch.count) / static_cast<double>(std::max<std::int64_t>(1, batch.count - 1));
  // Product and sum apart: a fused step would round some channels otherwise than others.
  const double share = 1.0 / static_cast<double>(++batches);
  mean.mul_(1 - share).add_(batch.mean.narrow(0, 0, channels) * share);
  variance.mul_(1 - share).add_(batch.variance.narrow(0, 0, channels) * (unbiased * share));
}

}  // namespace harmonic
