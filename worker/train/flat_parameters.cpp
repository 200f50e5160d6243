#include "worker/train/flat_parameters.hpp"

namespace harmonic {

FlatParameters::FlatParameters(Supernet& supernet) {
  std::int64_t total = 0;
  const auto parameters = supernet.parameters();
  for (const auto& parameter : parameters) total += parameter.numel();
  const auto options = parameters.front().options().requires_grad(false);
  values_ = torch::empty({total}, options);
  gradients_ = torch::zeros({total}, options);
  decayed_ = torch::zeros({total}, options);
  std::int64_t offset = 0;
  for (auto parameter : parameters) {
    const auto view = [&](const torch::Tensor& buffer) {
      return buffer.narrow(0, offset, parameter.numel()).view(parameter.sizes());
    };
    view(values_).copy_(parameter.detach());
    parameter.set_data(view(values_));
    parameter.requires_grad_(true);
    parameter.mutable_grad() = view(gradients_);
    if (parameter.dim() > 1) view(decayed_).fill_(1);
    offset += parameter.numel();
  }
}

void FlatParameters::store(const torch::Tensor& values, Supernet& target) const {
  const torch::NoGradGuard no_grad;
  std::int64_t offset = 0;
  for (auto parameter : target.parameters()) {
    parameter.copy_(values.narrow(0, offset, parameter.numel()).view(parameter.sizes()));
    offset += parameter.numel();
  }
}

}  // namespace harmonic
