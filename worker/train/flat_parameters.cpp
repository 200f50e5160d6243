#include "worker/train/flat_parameters.hpp"

namespace harmonic {

FlatParameters::FlatParameters(Supernet& supernet) {
  std::int64_t total = 0;
  for (const auto& parameter : supernet.parameters()) {
    parts_.push_back({parameter, total});
    total += parameter.numel();
  }
  const auto options = parts_.front().parameter.options().requires_grad(false);
  values_ = torch::empty({total}, options);
  exchanged_ = torch::zeros({total + 1}, options);
  gradients_ = exchanged_.narrow(0, 0, total);
  decayed_ = torch::zeros({total}, options);
  for (auto& [parameter, offset] : parts_) {
    const auto view = [&, first = offset](const torch::Tensor& buffer) {
      return buffer.narrow(0, first, parameter.numel()).view(parameter.sizes());
    };
    view(values_).copy_(parameter.detach());
    parameter.set_data(view(values_));
    parameter.requires_grad_(true);
    parameter.mutable_grad() = view(gradients_);
    if (parameter.dim() > 1) view(decayed_).fill_(1);
  }
}

void FlatParameters::store(const torch::Tensor& values, Supernet& target) const {
  const torch::NoGradGuard no_grad;
  const auto parameters = target.parameters();
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    auto parameter = parameters[i];
    parameter.copy_(values.narrow(0, parts_[i].offset, parameter.numel()).view(parameter.sizes()));
  }
}

}  // namespace harmonic
