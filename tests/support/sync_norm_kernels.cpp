#include "tests/support/sync_norm_kernels.hpp"

#include <optional>
#include <tuple>

#include <torch/library.h>
#include <torch/types.h>

namespace harmonic::testing {
namespace {

using at::Tensor;

/// (channels, all others), double.
Tensor by_channel(const Tensor& x) {
  return x.transpose(0, 1).flatten(1).to(at::kDouble);
}

/// (C) as it is multiplied with x.
Tensor along(const Tensor& values, const Tensor& x) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = -1;
  return values.to(at::kDouble).view(shape);
}

std::tuple<Tensor, Tensor> stats(const Tensor& x, double epsilon) {
  const Tensor rows = by_channel(x);
  return {rows.mean(1).to(x.scalar_type()), rows.var(1, /*unbiased=*/false).add(epsilon).rsqrt().to(x.scalar_type())};
}

/// @param means, inverses (ranks, C) @param counts (ranks)
std::tuple<Tensor, Tensor> gather(const Tensor& x, const Tensor& means, const Tensor& inverses,
                                  const std::optional<Tensor>& running_mean,
                                  const std::optional<Tensor>& running_variance, double momentum, double epsilon,
                                  const Tensor& counts) {
  const Tensor n = counts.to(at::kDouble).unsqueeze(1), own = means.to(at::kDouble), all = n.sum();
  const Tensor mean = (n * own).sum(0) / all;
  const Tensor variance = (n * (inverses.to(at::kDouble).pow(-2) - epsilon + (own - mean).square())).sum(0) / all;
  const auto follow = [&](const std::optional<Tensor>& running, const Tensor& now) {
    if (running && running->defined()) running->lerp_(now.to(running->scalar_type()), momentum);
  };
  follow(running_mean, mean);
  follow(running_variance, variance * all / (all - 1));
  return {mean.to(x.scalar_type()), variance.add(epsilon).rsqrt().to(x.scalar_type())};
}

Tensor elements(const Tensor& x, const std::optional<Tensor>& weight, const std::optional<Tensor>& bias,
                const Tensor& mean, const Tensor& inverse, double) {
  const Tensor y = (x - along(mean, x)) * along(inverse * *weight, x) + along(*bias, x);
  return y.to(x.scalar_type());
}

std::tuple<Tensor, Tensor, Tensor, Tensor> backward_sums(const Tensor& dy, const Tensor& x, const Tensor& mean,
                                                         const Tensor& inverse, const std::optional<Tensor>&, bool,
                                                         bool, bool) {
  const Tensor sum = by_channel(dy).sum(1), product = (by_channel(dy) * by_channel(x - along(mean, x))).sum(1);
  const auto type = x.scalar_type();
  return {sum.to(type), product.to(type), (product * inverse).to(type), sum.to(type)};
}

/// @param counts (ranks), int32
Tensor backward_elements(const Tensor& dy, const Tensor& x, const Tensor& mean, const Tensor& inverse,
                         const std::optional<Tensor>& weight, const Tensor& sum_dy, const Tensor& sum_dy_x,
                         const Tensor& counts) {
  TORCH_CHECK(counts.scalar_type() == at::kInt, "batch_norm_backward_elemt takes counts of int32");
  const Tensor n = counts.sum().to(at::kDouble);
  const Tensor centred = (x - along(mean, x)) * along(inverse.square() * sum_dy_x / n, x);
  const Tensor dx = (dy - along(sum_dy / n, x) - centred) * along(inverse * *weight, x);
  return dx.to(x.scalar_type());
}

}  // namespace

void register_sync_norm_kernels() {
  static auto* library = new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::CPU, __FILE__, __LINE__);
  library->impl("batch_norm_stats", TORCH_FN(stats));
  library->impl("batch_norm_gather_stats_with_counts", TORCH_FN(gather));
  library->impl("batch_norm_elemt", TORCH_FN(elements));
  library->impl("batch_norm_backward_reduce", TORCH_FN(backward_sums));
  library->impl("batch_norm_backward_elemt", TORCH_FN(backward_elements));
}

}  // namespace harmonic::testing
