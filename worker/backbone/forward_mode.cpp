#include "worker/backbone/forward_mode.hpp"

#include <algorithm>

#include "worker/backbone/channel_statistics.hpp"

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
  const auto batch = channel_statistics(x);
  const double unbiased =
      static_cast<double>(batch.count) / static_cast<double>(std::max<std::int64_t>(1, batch.count - 1));
  // A weight of 1/n makes the running value the plain average of n batches.
  const double weight = 1.0 / static_cast<double>(++statistics.batches);
  statistics.mean.lerp_(batch.mean, weight);
  statistics.variance.lerp_(batch.variance * unbiased, weight);
  return normalise(norm, batch.mean, batch.variance, x);
}

}  // namespace harmonic
