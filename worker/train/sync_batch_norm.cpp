#include "worker/train/sync_batch_norm.hpp"

#include <optional>

#include <torch/autograd.h>
#include <torch/types.h>

#include "worker/tensor/batch_norm.hpp"

namespace harmonic {
namespace {

std::vector<std::int64_t> all_but_channels(const torch::Tensor& x) {
  return x.dim() == 2 ? std::vector<std::int64_t>{0} : std::vector<std::int64_t>{0, 2, 3};
}

/// (C) -> (1, C) or (1, C, 1, 1)
torch::Tensor along_channels(const torch::Tensor& values, const torch::Tensor& x) {
  return x.dim() == 2 ? values.view({1, -1}) : values.view({1, -1, 1, 1});
}

struct SyncBatchNormFunction : torch::autograd::Function<SyncBatchNormFunction> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& weight, const torch::Tensor& bias,
                               const std::optional<torch::Tensor>& running_mean,
                               const std::optional<torch::Tensor>& running_variance, double momentum, double epsilon,
                               Collectives* group) {
    // Sums in double: the difference of large sums that makes a variance then loses nothing that float32 holds.
    const auto local = moments_of(x);
    const auto mean64 = local.mean.to(torch::kFloat64);
    auto sums = torch::stack({mean64, local.variance.to(torch::kFloat64) + mean64.square(), torch::ones_like(mean64)});
    sums *= static_cast<double>(local.count);
    group->all_reduce_sum({sums});
    const auto count = sums[2];
    const auto mean = sums[0] / count;
    const auto variance = (sums[1] / count - mean.square()).clamp_min(0);
    if (running_mean) {
      const auto unbiased = variance * count / (count - 1).clamp_min(1);
      running_mean->lerp_(mean.to(running_mean->scalar_type()), momentum);
      running_variance->lerp_(unbiased.to(running_variance->scalar_type()), momentum);
    }
    const auto inverse = (variance + epsilon).rsqrt().to(x.scalar_type());
    const auto normalised = (x - along_channels(mean.to(x.scalar_type()), x)) * along_channels(inverse, x);
    context->save_for_backward({normalised, weight, inverse, count.to(x.scalar_type())});
    context->saved_data["group"] = reinterpret_cast<std::int64_t>(group);
    return torch::addcmul(along_channels(bias, x), normalised, along_channels(weight, x));
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &normalised = saved[0], &weight = saved[1], &inverse = saved[2], &count = saved[3];
    auto* group = reinterpret_cast<Collectives*>(context->saved_data["group"].toInt());
    const auto& dy = gradients[0];
    const auto dims = all_but_channels(dy);
    const auto d_bias = dy.sum(dims);
    const auto d_weight = (dy * normalised).sum(dims);
    auto sums = torch::stack({d_bias, d_weight}).to(torch::kFloat64);
    group->all_reduce_sum({sums});
    const auto means = (sums / count).to(dy.scalar_type());
    const auto dx = (dy - along_channels(means[0], dy) - normalised * along_channels(means[1], dy)) *
                    along_channels(weight * inverse, dy);
    return {dx, d_weight, d_bias, {}, {}, {}, {}, {}};
  }
};

/// On a device by the library's own kernels for this, as its SyncBatchNorm calls them: a few, none of which waits.
struct DeviceSyncBatchNormFunction : torch::autograd::Function<DeviceSyncBatchNormFunction> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& given,
                               const torch::Tensor& weight, const torch::Tensor& bias,
                               const std::optional<torch::Tensor>& running_mean,
                               const std::optional<torch::Tensor>& running_variance, double momentum, double epsilon,
                               Collectives* group) {
    const auto x = given.contiguous(given.suggest_memory_format());
    const auto channels = x.size(1);
    const auto [own_mean, own_inverse] = at::batch_norm_stats(x, epsilon);
    // A row a rank: its means, inverse deviations and how many numbers they are of. The rows of others are 0 here, so
    // that a sum gathers them.
    auto rows = at::zeros({group->size(), 2 * channels + 1}, own_mean.options());
    auto own = rows.select(0, group->rank().value);
    own.narrow(0, 0, channels).copy_(own_mean);
    own.narrow(0, channels, channels).copy_(own_inverse);
    own.select(0, 2 * channels).fill_(static_cast<double>(x.numel() / channels));
    group->all_reduce_sum({rows});
    const auto counts = rows.select(1, 2 * channels);
    const auto [mean, inverse] =
        at::batch_norm_gather_stats_with_counts(x, rows.narrow(1, 0, channels), rows.narrow(1, channels, channels),
                                                running_mean, running_variance, momentum, epsilon, counts);
    context->save_for_backward({x, weight, mean, inverse, counts.to(torch::kInt32)});
    context->saved_data["group"] = reinterpret_cast<std::int64_t>(group);
    return at::batch_norm_elemt(x, weight, bias, mean, inverse, epsilon);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &mean = saved[2], &inverse = saved[3], &counts = saved[4];
    auto* group = reinterpret_cast<Collectives*>(context->saved_data["group"].toInt());
    const auto dy = gradients[0].contiguous(x.suggest_memory_format());
    const auto [sum_dy, sum_dy_x, d_weight, d_bias] =
        at::batch_norm_backward_reduce(dy, x, mean, inverse, weight, true, true, true);
    group->all_reduce_sum({sum_dy, sum_dy_x});
    const auto dx = at::batch_norm_backward_elemt(dy, x, mean, inverse, weight, sum_dy, sum_dy_x, counts);
    return {dx, d_weight, d_bias, {}, {}, {}, {}, {}};
  }
};

}  // namespace

torch::Tensor sync_batch_norm(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                              torch::Tensor mean, torch::Tensor variance, double momentum, double epsilon,
                              Collectives& group) {
  // An undefined tensor is no argument of an autograd function.
  const auto defined = [](const torch::Tensor& t) { return t.defined() ? std::optional(t) : std::nullopt; };
  if (!x.is_cpu())
    return DeviceSyncBatchNormFunction::apply(x, weight, bias, defined(mean), defined(variance), momentum, epsilon,
                                              &group);
  return SyncBatchNormFunction::apply(x, weight, bias, defined(mean), defined(variance), momentum, epsilon, &group);
}

}  // namespace harmonic
