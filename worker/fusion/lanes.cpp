#include "worker/fusion/lanes.hpp"

#include <string>

#include <torch/torch.h>

#include "worker/train/metrics.hpp"

namespace harmonic {

using torch::Tensor;

Tensor linear_rows(const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t lanes) {
  if (lanes == 1) return at::linear(x, weight, bias);
  const Tensor rows = x.reshape({lanes, -1, x.size(-1)});
  const Tensor turned = weight.view({lanes, -1, x.size(-1)}).transpose(1, 2);
  const Tensor out = bias.defined() ? at::baddbmm(bias.view({lanes, 1, -1}), rows, turned) : at::bmm(rows, turned);
  auto sizes = x.sizes().vec();
  sizes.back() = -1;
  return out.view(sizes);
}

Tensor lane_losses(const Tensor& logits, const Tensor& labels, LabelKind kind, std::int64_t lanes) {
  if (lanes == 1) return task_loss(logits, labels, kind).view(1);
  const Tensor each = kind == LabelKind::multilabel
                          ? at::binary_cross_entropy_with_logits(logits, labels, {}, {}, at::Reduction::None).mean(1)
                          : at::cross_entropy_loss(logits, labels, {}, at::Reduction::None);
  return each.view({lanes, -1}).mean(1);
}

void fill_lanes(torch::nn::Module& network, const std::vector<std::shared_ptr<torch::nn::Module>>& singles) {
  const torch::NoGradGuard no_grad;
  const auto fill = [&](const auto& tensors_of) {
    std::vector<torch::OrderedDict<std::string, Tensor>> parts;
    for (const auto& single : singles) parts.push_back(tensors_of(*single));
    for (auto& item : tensors_of(network)) {
      if (item.value().dim() == 0) continue;  // batch norms' step counters change nothing
      std::vector<Tensor> lanes;
      for (const auto& part : parts) lanes.push_back(part[item.key()]);
      item.value().copy_(at::cat(lanes));
    }
  };
  fill([](const torch::nn::Module& module) { return module.named_parameters(); });
  fill([](const torch::nn::Module& module) { return module.named_buffers(); });
}

Tensor for_rows(const Tensor& numbers, const Tensor& rows) {
  if (numbers.dim() == 0) return numbers;
  return numbers.unsqueeze(1).expand({-1, rows.size(0) / numbers.size(0)}).reshape({-1, 1, 1});
}

}  // namespace harmonic
