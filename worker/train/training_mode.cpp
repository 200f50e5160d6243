#include "worker/train/training_mode.hpp"

#include "core/base/rng.hpp"
#include "worker/tensor/device_random.hpp"
#include "worker/tensor/map_type.hpp"
#include "worker/tensor/upload.hpp"
#include "worker/train/sync_batch_norm.hpp"

namespace harmonic {
namespace {

/// (N, columns) of 0 or 1 / (1 - p), where x lies and in its type, row by row from a stream of the sample's own.
torch::Tensor keep_mask(const torch::Tensor& x, std::int64_t columns, double p, const std::string& purpose,
                        const TrainingMode::Drops& drops) {
  const auto rows = x.size(0);
  const auto kept = static_cast<float>(1 / (1 - p));
  if (!x.is_cpu() && columns > 1)
    return at::full({rows, columns}, kept, x.options().requires_grad(false))
        .masked_fill_(chances(drops.seed, purpose, drops.step, drops.first_sample, rows, columns, p, x.device()), 0);
  auto mask = torch::empty({rows, columns}, torch::kFloat32);
  auto* values = mask.data_ptr<float>();
  for (std::int64_t row = 0; row < rows; ++row) {
    RandomStream random(drops.seed, purpose, drops.step, static_cast<std::uint64_t>(drops.first_sample + row));
    for (std::int64_t column = 0; column < columns; ++column) *values++ = random.chance(p) ? 0.0F : kept;
  }
  return typed_as(uploaded(mask, x.device()), x);
}

}  // namespace

torch::Tensor TrainingMode::batch_norm(const BatchNormView& norm, std::size_t, const torch::Tensor& x) {
  const auto mean = update_running_ ? norm.mean : torch::Tensor();
  const auto variance = update_running_ ? norm.variance : torch::Tensor();
  if (group_ != nullptr)
    return typed_as(sync_batch_norm(x.to(torch::kFloat32), norm.weight, norm.bias, mean, variance, kBatchNormMomentum,
                                    kBatchNormEpsilon, *group_),
                    x);
  return torch::batch_norm(x, norm.weight, norm.bias, mean, variance, /*training=*/true, kBatchNormMomentum,
                           kBatchNormEpsilon, /*cudnn_enabled=*/true);
}

torch::Tensor TrainingMode::dropout(const torch::Tensor& x) {
  if (drops_.dropout <= 0) return x;
  const auto purpose = "dropout " + std::to_string(dropouts_passed_++);
  return x * keep_mask(x, x.size(1), drops_.dropout, purpose, drops_);
}

torch::Tensor TrainingMode::drop_connect(const torch::Tensor& x) {
  if (drops_.drop_connect <= 0 || drops_.shortcuts < 1) return x;
  const double p = drops_.drop_connect * ++shortcuts_passed_ / drops_.shortcuts;
  const auto purpose = "drop-connect " + std::to_string(shortcuts_passed_);
  return x * keep_mask(x, 1, p, purpose, drops_).view({-1, 1, 1, 1});
}

}  // namespace harmonic
