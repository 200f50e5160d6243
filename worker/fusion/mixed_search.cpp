#include "worker/fusion/mixed_search.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <torch/torch.h>

#include "worker/train/metrics.hpp"

namespace harmonic {

using torch::Tensor;

MixedSearch::MixedSearch(const Samples& train, const Samples& guide, LabelKind kind, const FusionLayout& layout,
                         const FusionSettings& settings, const SearchProtocol& protocol, std::uint64_t seed)
    : train_(train),
      kind_(kind),
      settings_(settings),
      protocol_(protocol),
      seed_(seed),
      network_(layout),
      logits_(random_architecture(static_cast<int>(layout.input_channels.size()), layout.macro,
                                  static_cast<int>(layout.operators.size()), train.labels.device())),
      weight_adam_((network_.to(train.labels.device()), network_.parameters()),
                   torch::optim::AdamOptions(settings.weight_lr).weight_decay(settings.weight_decay)),
      arch_adam_(
          logits_.parameters(),
          torch::optim::AdamOptions(settings.arch_lr).betas({0.5, 0.999}).weight_decay(settings.arch_weight_decay)),
      guide_(guide),
      guide_batches_(guide.count(), settings.batch, seed, kArchitectureBatches, guide.labels.device(), guide.views) {}

double MixedSearch::run_epoch(int epoch, const std::function<void()>& before_step) {
  const auto batches = shuffled_batches(train_.count(), settings_.batch,
                                        RandomStream(Seed{seed_}, kWeightBatches, static_cast<std::uint64_t>(epoch)),
                                        train_.labels.device(), train_.views);
  progress_ = architecture_progress(epoch, settings_);
  temperature_ = std::pow(settings_.arch_temperature, progress_);
  const bool after_epoch = protocol_.architecture_turn() == SearchProtocol::Turn::after_epoch;
  double loss_sum = 0;
  std::int64_t samples = 0;
  for (std::size_t b = 0; b < batches.size(); ++b) {
    before_step();
    const double t = epoch + static_cast<double>(b) / static_cast<double>(batches.size());
    set_learning_rate(weight_adam_, cosine_restarts(t, settings_.weight_lr, settings_.weight_lr_min));
    loss_sum += step_weights(train_.at(batches[b])) * static_cast<double>(batches[b].size(0));
    samples += batches[b].size(0);
    if (after_epoch || epoch < settings_.warmup_epochs) continue;
    for (int s = 0; s < settings_.arch_steps; ++s) step_architecture(guide_.at(guide_batches_.next()));
  }
  if (after_epoch)
    for (const auto& indices :
         shuffled_batches(guide_.count(), settings_.batch,
                          RandomStream(Seed{seed_}, kArchitectureBatches, static_cast<std::uint64_t>(epoch)),
                          guide_.labels.device(), guide_.views)) {
      before_step();
      step_architecture(guide_.at(indices));
    }
  return loss_sum / static_cast<double>(samples);
}

double MixedSearch::metric(const Samples& samples) {
  const torch::NoGradGuard no_grad;
  const Architecture weights = weights_of(logits_, temperature_);
  const Tensor logits =
      predict(samples, [&](const auto& features) { return network_.forward(features, weights, Pass::eval); });
  return metric_percent(logits, samples.labels, kind_);
}

double MixedSearch::step_weights(const Samples& batch) {
  Architecture weights;
  {
    const torch::NoGradGuard no_grad;
    weights = weights_of(logits_, temperature_);
  }
  weight_adam_.zero_grad();
  const Tensor task = task_loss(network_.forward(batch.features, weights, Pass::train), batch.labels, kind_);
  protocol_.weight_loss(task, weights).backward();
  weight_adam_.step();
  return task.item<double>();
}

void MixedSearch::step_architecture(const Samples& batch) {
  for (auto& parameter : network_.parameters()) parameter.set_requires_grad(false);
  const Architecture weights = weights_of(logits_, temperature_);
  arch_adam_.zero_grad();
  const Tensor task = task_loss(network_.forward(batch.features, weights, Pass::architecture), batch.labels, kind_);
  protocol_.architecture_loss(task, weights, progress_).backward();
  arch_adam_.step();
  for (auto& parameter : network_.parameters()) parameter.set_requires_grad(true);
}

double architecture_progress(int epoch, const FusionSettings& settings) {
  const int steps = settings.epochs - settings.warmup_epochs;
  return steps < 2 ? 1 : std::clamp((epoch - settings.warmup_epochs) / (steps - 1.0), 0.0, 1.0);
}

double cosine_restarts(double t, double highest, double lowest) {
  double period = 1;
  while (t >= period) {
    t -= period;
    period *= 2;
  }
  return lowest + (highest - lowest) * (1 + std::cos(std::numbers::pi * t / period)) / 2;
}

void set_learning_rate(torch::optim::Adam& adam, double rate) {
  for (auto& group : adam.param_groups()) static_cast<torch::optim::AdamOptions&>(group.options()).lr(rate);
}

Tensor predict(const Samples& samples, const std::function<Tensor(const std::vector<Tensor>&)>& forward) {
  const torch::NoGradGuard no_grad;
  constexpr std::int64_t kBatch = 256;  // bounds the memory, changes nothing
  std::vector<Tensor> logits;
  for (std::int64_t first = 0; first < samples.rows(); first += kBatch) {
    std::vector<Tensor> features;
    for (const auto& feature : samples.features) features.push_back(feature.slice(0, first, first + kBatch));
    logits.push_back(forward(features));
  }
  return at::cat(logits);
}

}  // namespace harmonic
