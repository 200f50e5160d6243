#include "worker/fusion/not_finite.hpp"

#include <algorithm>
#include <cstdint>

#include <torch/nn/module.h>
#include <torch/types.h>

namespace harmonic {

using torch::Tensor;

bool all_finite(const Tensor& numbers) {
  if (!numbers.is_cpu() || numbers.numel() == 0 || numbers.dim() == 0) return numbers.isfinite().all().item<bool>();
  constexpr std::int64_t kAtOnce = 1 << 20;  // numbers: to look at all of them makes copies of all
  const auto rows = std::max<std::int64_t>(1, kAtOnce / (numbers.numel() / numbers.size(0)));
  for (const auto& some : numbers.split(rows))
    if (!some.isfinite().all().item<bool>()) return false;
  return true;
}

Tensor lanes_finite(const std::vector<Tensor>& tensors, std::int64_t lanes) {
  std::vector<Tensor> each;
  for (const auto& tensor : tensors)
    if (tensor.dim() > 0) each.push_back(tensor.detach().reshape({lanes, -1}).isfinite().all(1));
  return at::stack(each).all(0);
}

std::vector<bool> finite_lanes(const std::vector<Tensor>& tensors, std::int64_t lanes) {
  const Tensor all = lanes_finite(tensors, lanes).cpu();
  return std::vector<bool>(all.const_data_ptr<bool>(), all.const_data_ptr<bool>() + lanes);
}

std::vector<Tensor> tensors_of(const torch::nn::Module& network) {
  auto all = network.parameters();
  const auto buffers = network.buffers();
  all.insert(all.end(), buffers.begin(), buffers.end());
  return all;
}

}  // namespace harmonic
