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
  reduced_ = torch::zeros({total + static_cast<std::int64_t>(StepScalar::count)}, options);
  gradients_ = reduced_.narrow(0, 0, total);
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

torch::Tensor FlatParameters::scalars() const {
  return reduced_.narrow(0, gradients_.numel(), static_cast<std::int64_t>(StepScalar::count));
}

torch::Tensor FlatParameters::scalar(StepScalar which) const {
  return reduced_.narrow(0, gradients_.numel() + static_cast<std::int64_t>(which), 1);
}

torch::Tensor flattened(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> flat;
  for (const auto& tensor : tensors) flat.push_back(tensor.detach().reshape({-1}));
  return torch::cat(flat);
}

void unflatten(const torch::Tensor& flat, const std::vector<torch::Tensor>& tensors) {
  const torch::NoGradGuard no_grad;
  std::int64_t offset = 0;
  for (auto tensor : tensors) {
    tensor.copy_(flat.narrow(0, offset, tensor.numel()).view(tensor.sizes()));
    offset += tensor.numel();
  }
}

}  // namespace harmonic
