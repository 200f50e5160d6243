#include "golden.hpp"

#include <algorithm>
#include <stdexcept>

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace harmonic::testing {

torch::Tensor golden_tensor(const Hdf5File& file, const std::string& path) {
  std::vector<std::int64_t> shape;
  for (const auto n : file.shape(path)) shape.push_back(static_cast<std::int64_t>(n));
  if (file.type(path) == ElementType::int64) return torch::tensor(file.read<std::int64_t>(path)).view(shape);
  return torch::tensor(file.read<float>(path)).view(shape);
}

torch::Tensor turned(const torch::Tensor& state) {
  return state.transpose(1, 2).contiguous();
}

void load_golden(torch::nn::Module& module, const Hdf5File& file, const std::string& group) {
  torch::NoGradGuard no_grad;
  for (auto& item : module.named_parameters()) item.value().copy_(golden_tensor(file, group + "/" + item.key()));
  for (auto& item : module.named_buffers()) item.value().copy_(golden_tensor(file, group + "/" + item.key()));
}

double relative_error(const torch::Tensor& actual, const torch::Tensor& expected, double floor) {
  if (actual.sizes() != expected.sizes()) throw std::runtime_error("shapes differ");
  const double scale = std::max(expected.abs().max().item<double>(), floor);
  return (actual.detach() - expected).abs().max().item<double>() / scale;
}

}  // namespace harmonic::testing
