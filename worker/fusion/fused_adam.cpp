#include "worker/fusion/fused_adam.hpp"

#include <utility>

#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace harmonic {

FusedAdam::FusedAdam(std::vector<torch::Tensor> parameters, Options options)
    : options_(options), parameters_(std::move(parameters)) {
  for (const auto& parameter : parameters_) {
    means_.push_back(at::zeros_like(parameter));
    squares_.push_back(at::zeros_like(parameter));
  }
  if (!parameters_.empty()) steps_ = at::zeros({1}, parameters_.front().options().requires_grad(false));
}

void FusedAdam::zero_grad() {
  for (auto& parameter : parameters_) parameter.mutable_grad().reset();
}

void FusedAdam::step() {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> stepped, gradients, means, squares;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (!parameters_[i].grad().defined()) continue;
    stepped.push_back(parameters_[i]);
    gradients.push_back(parameters_[i].grad());
    means.push_back(means_[i]);
    squares.push_back(squares_[i]);
  }
  if (stepped.empty()) return;
  steps_ += 1;
  at::_fused_adam_(stepped, gradients, means, squares, /*max_exp_avg_sqs=*/{},
                   std::vector<torch::Tensor>(stepped.size(), steps_), options_.lr, options_.beta1, options_.beta2,
                   options_.weight_decay, options_.epsilon, /*amsgrad=*/false, /*maximize=*/false);
}

}  // namespace harmonic
