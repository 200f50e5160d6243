#include "worker/fusion/lanes.hpp"

#include <string>

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/ordered_dict.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "worker/data/metrics.hpp"
#include "worker/fusion/samples.hpp"

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

Tensor lane_losses(const Tensor& logits, const Labels& labels, std::int64_t lanes) {
  if (lanes == 1) return task_loss(logits, labels.values, labels.kind).view(1);
  const Tensor each =
      labels.kind == LabelKind::multilabel
          ? at::binary_cross_entropy_with_logits(logits, labels.values, {}, {}, at::Reduction::None).mean(1)
          : at::cross_entropy_loss(logits, labels.values, {}, at::Reduction::None);
  return each.view({lanes, -1}).mean(1);
}

namespace {

/// (out, in, …) with columns of 0 up to as many as `like` has.
Tensor widened(const Tensor& weight, const Tensor& like) {
  if (weight.dim() < 2 || weight.size(1) == like.size(1)) return weight;
  auto sizes = weight.sizes().vec();
  sizes[1] = like.size(1);
  Tensor wide = at::zeros(sizes, weight.options());
  wide.narrow(1, 0, weight.size(1)).copy_(weight);
  return wide;
}

}  // namespace

void fill_lanes(torch::nn::Module& network, const std::vector<std::shared_ptr<torch::nn::Module>>& singles) {
  const torch::NoGradGuard no_grad;
  const auto fill = [&](const auto& tensors_of) {
    std::vector<torch::OrderedDict<std::string, Tensor>> parts;
    for (const auto& single : singles) parts.push_back(tensors_of(*single));
    for (auto& item : tensors_of(network)) {
      if (item.value().dim() == 0) continue;  // batch norms' step counters change nothing
      std::vector<Tensor> lanes;
      for (const auto& part : parts) lanes.push_back(widened(part[item.key()], item.value()));
      item.value().copy_(at::cat(lanes));
    }
  };
  fill([](const torch::nn::Module& module) { return module.named_parameters(); });
  fill([](const torch::nn::Module& module) { return module.named_buffers(); });
}

std::vector<torch::nn::BatchNorm1d> lane_norms(const torch::nn::BatchNorm1d& norm, std::int64_t lanes) {
  if (lanes == 1) return {norm};
  const auto weights = norm->weight.chunk(lanes), biases = norm->bias.chunk(lanes);
  const auto means = norm->running_mean.chunk(lanes), variances = norm->running_var.chunk(lanes);
  std::vector<torch::nn::BatchNorm1d> all;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    auto options = norm->options;
    torch::nn::BatchNorm1d one(options.num_features(weights[k].size(0)).affine(false).track_running_stats(false));
    one->weight = weights[k];
    one->bias = biases[k];
    one->running_mean = means[k];
    one->running_var = variances[k];
    all.push_back(std::move(one));
  }
  return all;
}

Tensor for_rows(const Tensor& numbers, const Tensor& rows, std::int64_t lanes) {
  if (lanes == 1) return numbers;
  return numbers.unsqueeze(1).expand({lanes, rows.size(0) / lanes}).reshape({-1, 1, 1});
}

}  // namespace harmonic
