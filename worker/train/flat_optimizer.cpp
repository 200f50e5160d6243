#include "worker/train/flat_optimizer.hpp"

#include <cmath>

namespace harmonic {
namespace {

// Source: Kingma and Ba, arXiv 1412.6980.
constexpr double kBeta1 = 0.9, kBeta2 = 0.999;
/// Not smaller: rounding alone would steer weights whose gradient is 0 but for it, apart on every number of ranks.
constexpr double kAdamEpsilon = 1e-4;

}  // namespace

FlatOptimizer::FlatOptimizer(const SupernetTrainingSettings& settings, FlatParameters& flat)
    : settings_(settings), flat_(flat) {
  const int count = settings.optimizer == Optimizer::adam ? 2 : 1;
  for (int i = 0; i < count; ++i) moments_.push_back(torch::zeros_like(flat.values()));
}

void FlatOptimizer::update(std::int64_t step, double lr) {
  const torch::NoGradGuard no_grad;
  auto& values = flat_.values();
  if (settings_.weight_decay > 0) values.addcmul_(values, flat_.decayed(), -lr * settings_.weight_decay);
  if (settings_.optimizer == Optimizer::adam)
    adam(step, lr);
  else
    sgd(lr);
}

void FlatOptimizer::adam(std::int64_t step, double lr) {
  auto &mean = moments_[0], &square = moments_[1];
  const auto& gradients = flat_.gradients();
  mean.lerp_(gradients, 1 - kBeta1);
  square.mul_(kBeta2).addcmul_(gradients, gradients, 1 - kBeta2);
  const double n = static_cast<double>(step) + 1;
  const double rate = lr / (1 - std::pow(kBeta1, n));
  const double scale = 1 / std::sqrt(1 - std::pow(kBeta2, n));
  flat_.values().addcdiv_(mean, square.sqrt().mul_(scale).add_(kAdamEpsilon), -rate);
}

void FlatOptimizer::sgd(double lr) {
  auto& momentum = moments_[0];
  momentum.mul_(settings_.momentum).add_(flat_.gradients());
  flat_.values().add_(flat_.gradients(), -lr).add_(momentum, -lr * settings_.momentum);
}

}  // namespace harmonic
