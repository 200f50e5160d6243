#include "worker/backbone/forward_mode.hpp"

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
  const auto batch = moments_of(x);
  add_batch(statistics_, index, norm, batch);
  return normalise(norm, batch.mean, batch.variance, x);
}

void add_batch(std::vector<BatchNormStatistics>& statistics, std::size_t index, const BatchNormView& norm,
               const Moments& batch) {
  if (index == statistics.size())
    statistics.push_back({torch::zeros_like(norm.mean), torch::zeros_like(norm.variance), 0});
  auto& [mean, variance, batches] = statistics[index];
  const auto channels = norm.mean.size(0);
  // Product and sum apart: a fused step would round some channels otherwise than others.
  const double share = 1.0 / static_cast<double>(++batches);
  mean.mul_(1 - share).add_(batch.mean.narrow(0, 0, channels) * share);
  variance.mul_(1 - share).add_(batch.variance.narrow(0, 0, channels) * (unbiasing(batch.count) * share));
}

}  // namespace harmonic
