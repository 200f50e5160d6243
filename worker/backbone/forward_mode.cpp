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
  if (index == statistics_.size())
    statistics_.push_back({torch::zeros_like(norm.mean), torch::ones_like(norm.variance), 0});
  auto& statistics = statistics_[index];
  // Momentum 1/n makes the running value the plain average of n batches.
  const double momentum = 1.0 / static_cast<double>(++statistics.batches);
  return torch::batch_norm(x, norm.weight, norm.bias, statistics.mean, statistics.variance, /*training=*/true, momentum,
                           kBatchNormEpsilon, /*cudnn_enabled=*/true);
}

}  // namespace harmonic
