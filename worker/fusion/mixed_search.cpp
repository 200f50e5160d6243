#include "worker/fusion/mixed_search.hpp"

#include <algorithm>
#include <array>
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

namespace {

/// @param losses (lanes)
Tensor sum_of(const Tensor& losses) {
  return losses.size(0) == 1 ? losses.squeeze(0) : losses.sum();
}

}  // namespace

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
    for (std::size_t i = 0; i < layout.input_channels.size(); ++i)
      joined.input_channels[i] = std::max(joined.input_channels[i], layout.input_channels[i]);
  }
  logits_ = logits.front();
  if (count > 1) {
    network_ = std::make_shared<MixedNetwork>(joined);
    fill_lanes(*network_, networks);
    logits_ = join_lanes(logits);
  }
  guide_batches_.emplace(orders(guide, kArchitectureBatches), device);
  if (!device.is_cpu()) joined_.emplace(*network_, device);
  weight_adam_.emplace(parameters(),
                       FusedAdam::Options{.lr = settings.weight_lr, .weight_decay = settings.weight_decay});
  arch_adam_.emplace(
      logits_.parameters(),
      FusedAdam::Options{.lr = settings.arch_lr, .beta1 = 0.5, .weight_decay = settings.arch_weight_decay});
}

std::vector<double> MixedSearch::run_epoch(int epoch, const std::function<void()>& before_step) {
  const auto device = train_.device();
  const auto batches = lane_batches(orders(train_, kWeightBatches), epoch, device);
  progress_ = architecture_progress(epoch, settings_);
  temperature_ = std::pow(settings_.arch_temperature, progress_);
  weights_.reset();
  const bool after_epoch = protocol_.architecture_turn() == SearchProtocol::Turn::after_epoch;
  Tensor loss_sum = torch::zeros({lanes()}, torch::TensorOptions(device).dtype(torch::kFloat64));
  std::int64_t samples = 0;
  for (std::size_t b = 0; b < batches.size(); ++b) {
    before_step();
    const double t = epoch + static_cast<double>(b) / static_cast<double>(batches.size());
    learning_rate_ = cosine_restarts(t, settings_.weight_lr, settings_.weight_lr_min);
    weight_adam_->set_learning_rate(learning_rate_);
    const std::int64_t count = batches[b].size(0) / lanes();
    loss_sum.add_(step_weights(train_.at(batches[b])), count);
    samples += count;
    if (after_epoch || epoch < settings_.warmup_epochs) continue;
    for (int s = 0; s < settings_.arch_steps; ++s) step_architecture(guide_.at(guide_batches_->next()));
  }
  if (after_epoch)
    for (const auto& indices : lane_batches(orders(guide_, kArchitectureBatches), epoch, device)) {
      before_step();
      step_architecture(guide_.at(indices));
    }
  return finite_losses(epoch, loss_sum / samples);
}

Architecture MixedSearch::logits(std::size_t lane) const {
  return seeds_.size() == 1 ? logits_ : logits_.lane(static_cast<std::int64_t>(lane));
}

std::vector<Architecture> MixedSearch::logits_on_host() const {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> flat;  // (lanes, numbers)
  for (const auto& part : logits_.parameters()) flat.push_back(part.detach().view({lanes(), -1}));
  const Tensor all = at::cat(flat, 1).cpu();
  std::vector<Architecture> found;
  for (std::int64_t lane = 0; lane < lanes(); ++lane) {
    std::int64_t first = 0;
    const auto part = [&](const Tensor& like) {
      const Tensor own = all[lane].narrow(0, first, like.numel() / lanes());
      first += own.numel();
      return own.view({-1, like.size(-1)});
    };
    Architecture one{part(logits_.alphas), {}, {}};
    for (const auto& beta : logits_.betas) one.betas.push_back(part(beta));
    for (const auto& gamma : logits_.gammas) one.gammas.push_back(part(gamma));
    found.push_back(std::move(one));
  }
  return found;
}

Tensor MixedSearch::predicted(const Samples& samples) {
  const torch::NoGradGuard no_grad;
  const Weights weights = in_force(weights_of(logits_, temperature_));
  return predict(samples, [&](const auto& features, const auto& of_backbones) {
    return forward({features, of_backbones, {}}, weights, Mode::eval);
  });
}

double MixedSearch::metric(const Tensor& predicted, const Samples& samples) {
  return checked_metric(predicted, samples.labels, "the mixed network");
}

std::vector<double> MixedSearch::finite_losses(int epoch, const Tensor& loss) const {
  const auto state = joined_ ? joined_->tensors() : tensors_of(*network_);
  // (3, lanes), looked at together: the device is waited for once
  const Tensor told = at::stack({loss, lanes_finite(state, lanes()).to(loss.scalar_type()),
                                 lanes_finite(logits_.parameters(), lanes()).to(loss.scalar_type())})
                          .cpu();
  const auto* numbers = told.const_data_ptr<double>();
  const auto count = static_cast<std::size_t>(lanes());
  constexpr std::array kWhat = {"its training loss is", "its weights are", "its architecture parameters are"};
  for (std::size_t i = 0; i < kWhat.size(); ++i) {
    const std::span own(numbers + i * count, count);  // losses, then whether the others are finite
    const auto is_lost = [&](double number) { return i == 0 ? !std::isfinite(number) : number == 0; };
    if (const auto lost = std::ranges::find_if(own, is_lost); lost != own.end())
      throw NotFinite(fmt::format("the fusion search diverged: in epoch {} {} not finite", epoch + 1, kWhat[i]),
                      static_cast<std::size_t>(lost - own.begin()));
  }
  return {numbers, numbers + count};
}

LaneOrders MixedSearch::orders(const Samples& samples, const char* purpose) const {
  return {seeds_, purpose, samples.count() / lanes(), samples.labels.views, settings_.batch, samples.rows() / lanes()};
}

MixedSearch::Weights MixedSearch::in_force(Architecture architecture) const {
  Weights weights{std::move(architecture), {}};
  if (joined_) weights.joined = joined_->weights_of(weights.plain);
  return weights;
}

Tensor MixedSearch::forward(const Samples& batch, const Weights& weights, Mode mode) {
  return joined_ ? joined_->forward(batch.features, *weights.joined, mode, batch.logits)
                 : network_->forward(batch.features, weights.plain, mode, batch.logits);
}

std::vector<Tensor> MixedSearch::parameters() const {
  return joined_ ? joined_->parameters() : network_->parameters();
}

Tensor MixedSearch::step_weights(const Samples& batch) {
  if (!weights_) {
    const torch::NoGradGuard no_grad;
    weights_ = in_force(weights_of(logits_, temperature_));
  }
  weight_adam_->zero_grad();
  const Tensor losses = lane_losses(forward(batch, *weights_, Mode::train), batch.labels, lanes());
  protocol_.weight_loss(sum_of(losses), weights_->plain).backward();
  weight_adam_->step();
  return losses.detach();
}

void MixedSearch::step_architecture(const Samples& batch) {
  for (auto& parameter : parameters()) parameter.set_requires_grad(false);
  const Weights weights = in_force(weights_of(logits_, temperature_));
  arch_adam_->zero_grad();
  const Tensor losses = lane_losses(forward(batch, weights, Mode::architecture), batch.labels, lanes());
  protocol_.architecture_loss(sum_of(losses), weights.plain, progress_).backward();
  arch_adam_->step();
  weights_.reset();
  for (auto& parameter : parameters()) parameter.set_requires_grad(true);
}

double architecture_progress(int epoch, const FusionSettings& settings) {
  const int steps = settings.epochs - settings.warmup_epochs;
  return steps < 2 ? 1 : std::clamp((epoch - settings.warmup_epochs) / (steps - 1.0), 0.0, 1.0);
}

}  // namespace harmonic
