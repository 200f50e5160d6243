#include "worker/fusion/mixed_search.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "worker/fusion/learning_rate.hpp"
#include "worker/fusion/not_finite.hpp"
#include "worker/fusion/predict.hpp"

namespace harmonic {

using torch::Tensor;

MixedSearch::MixedSearch(const Samples& train, const Samples& guide, std::span<const MixedLane> lanes,
                         const FusionSettings& settings, const SearchProtocol& protocol)
    : train_(train), guide_(guide), settings_(settings), protocol_(protocol) {
  const auto device = train.device();
  const auto count = static_cast<std::int64_t>(lanes.size());
  std::vector<std::shared_ptr<torch::nn::Module>> networks;
  std::vector<Architecture> logits;
  FusionLayout joined = lanes.front().layout;
  joined.shape.lanes = count;
  for (const auto& [layout, seed] : lanes) {  // every lane starts as it would alone
    torch::manual_seed(seed);
    network_ = std::make_shared<MixedNetwork>(layout);
    networks.push_back(network_);
    logits.push_back(random_architecture(static_cast<int>(layout.input_channels.size()), layout.macro,
                                         static_cast<int>(layout.operators.size()), device));
    seeds_.push_back(seed);
    guide_batches_.emplace_back(guide.count() / count, settings.batch, seed, kArchitectureBatches, device,
                                guide.labels.views);
    for (std::size_t i = 0; i < layout.input_channels.size(); ++i)
      joined.input_channels[i] = std::max(joined.input_channels[i], layout.input_channels[i]);
  }
  logits_ = logits.front();
  if (count > 1) {
    network_ = std::make_shared<MixedNetwork>(joined);
    fill_lanes(*network_, networks);
    logits_ = join_lanes(logits);
  }
  network_->to(device);
  weight_adam_.emplace(network_->parameters(),
                       FusedAdam::Options{.lr = settings.weight_lr, .weight_decay = settings.weight_decay});
  arch_adam_.emplace(
      logits_.parameters(),
      FusedAdam::Options{.lr = settings.arch_lr, .beta1 = 0.5, .weight_decay = settings.arch_weight_decay});
}

std::vector<double> MixedSearch::run_epoch(int epoch, const std::function<void()>& before_step) {
  const auto batches = epoch_batches(train_, kWeightBatches, epoch);
  progress_ = architecture_progress(epoch, settings_);
  temperature_ = std::pow(settings_.arch_temperature, progress_);
  const bool after_epoch = protocol_.architecture_turn() == SearchProtocol::Turn::after_epoch;
  const auto lanes = static_cast<std::int64_t>(seeds_.size());
  Tensor loss_sum = torch::zeros({lanes}, torch::TensorOptions(train_.device()).dtype(torch::kFloat64));
  std::int64_t samples = 0;
  for (std::size_t b = 0; b < batches.size(); ++b) {
    before_step();
    const double t = epoch + static_cast<double>(b) / static_cast<double>(batches.size());
    learning_rate_ = cosine_restarts(t, settings_.weight_lr, settings_.weight_lr_min);
    weight_adam_->set_learning_rate(learning_rate_);
    const std::int64_t count = batches[b].size(0) / lanes;
    loss_sum += step_weights(train_.at(batches[b])).to(torch::kFloat64) * count;
    samples += count;
    if (after_epoch || epoch < settings_.warmup_epochs) continue;
    for (int s = 0; s < settings_.arch_steps; ++s) step_architecture(guide_.at(next_guide_batch()));
  }
  if (after_epoch)
    for (const auto& indices : epoch_batches(guide_, kArchitectureBatches, epoch)) {
      before_step();
      step_architecture(guide_.at(indices));
    }
  const Tensor mean = (loss_sum / samples).cpu();
  check_finite(epoch, mean);
  return {mean.const_data_ptr<double>(), mean.const_data_ptr<double>() + lanes};
}

Architecture MixedSearch::logits(std::size_t lane) const {
  return seeds_.size() == 1 ? logits_ : logits_.lane(static_cast<std::int64_t>(lane));
}

Tensor MixedSearch::predicted(const Samples& samples) {
  const torch::NoGradGuard no_grad;
  const Architecture weights = weights_of(logits_, temperature_);
  return predict(samples, [&](const auto& features, const auto& of_backbones) {
    return network_->forward(features, weights, Mode::eval, of_backbones);
  });
}

double MixedSearch::metric(const Tensor& predicted, const Samples& samples) {
  return checked_metric(predicted, samples.labels, "the mixed network");
}

void MixedSearch::check_finite(int epoch, const Tensor& loss) const {
  const auto lanes = static_cast<std::int64_t>(seeds_.size());
  const auto check = [&](const std::vector<Tensor>& tensors, const char* what) {
    const auto finite = finite_lanes(tensors, lanes);
    if (const auto lost = std::ranges::find(finite, false); lost != finite.end())
      throw NotFinite(fmt::format("the fusion search diverged: in epoch {} {} not finite", epoch + 1, what),
                      static_cast<std::size_t>(lost - finite.begin()));
  };
  check({loss}, "its training loss is");
  check(tensors_of(*network_), "its weights are");
  check(logits_.parameters(), "its architecture parameters are");
}

std::vector<Tensor> MixedSearch::epoch_batches(const Samples& samples, const char* purpose, int epoch) const {
  const auto lanes = static_cast<std::int64_t>(seeds_.size());
  return lane_batches(seeds_, purpose, epoch, samples.count() / lanes, samples.labels.views, settings_.batch,
                      samples.rows() / lanes, samples.device());
}

Tensor MixedSearch::next_guide_batch() {
  std::vector<Tensor> parts;
  for (auto& cycle : guide_batches_) parts.push_back(cycle.next());
  return join_lanes(std::move(parts), guide_.rows() / static_cast<std::int64_t>(seeds_.size()));
}

Tensor MixedSearch::step_weights(const Samples& batch) {
  Architecture weights;
  {
    const torch::NoGradGuard no_grad;
    weights = weights_of(logits_, temperature_);
  }
  weight_adam_->zero_grad();
  const Tensor losses = lane_losses(network_->forward(batch.features, weights, Mode::train, batch.logits), batch.labels,
                                    static_cast<std::int64_t>(seeds_.size()));
  protocol_.weight_loss(losses.sum(), weights).backward();
  weight_adam_->step();
  return losses.detach();
}

void MixedSearch::step_architecture(const Samples& batch) {
  for (auto& parameter : network_->parameters()) parameter.set_requires_grad(false);
  const Architecture weights = weights_of(logits_, temperature_);
  arch_adam_->zero_grad();
  const Tensor losses = lane_losses(network_->forward(batch.features, weights, Mode::architecture, batch.logits),
                                    batch.labels, static_cast<std::int64_t>(seeds_.size()));
  protocol_.architecture_loss(losses.sum(), weights, progress_).backward();
  arch_adam_->step();
  for (auto& parameter : network_->parameters()) parameter.set_requires_grad(true);
}

double architecture_progress(int epoch, const FusionSettings& settings) {
  const int steps = settings.epochs - settings.warmup_epochs;
  return steps < 2 ? 1 : std::clamp((epoch - settings.warmup_epochs) / (steps - 1.0), 0.0, 1.0);
}

}  // namespace harmonic
