#include "worker/fusion/retraining.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <utility>

#include <fmt/format.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/rng.hpp"
#include "worker/data/metrics.hpp"
#include "worker/fusion/batches.hpp"
#include "worker/fusion/derived_network.hpp"
#include "worker/fusion/epoch_choice.hpp"
#include "worker/fusion/fused_adam.hpp"
#include "worker/fusion/lanes.hpp"
#include "worker/fusion/not_finite.hpp"
#include "worker/fusion/predict.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

/// One training among those that run side by side.
class Retraining {
 public:
  explicit Retraining(const Labels& labels) : labels_(labels), choice_(labels) { best_.kept_metric_val = -1; }

  /// @param told with its learning rate and training loss @param logits of all validation samples
  /// @param weights the network's now, asked for when they are to be kept
  /// @return the epoch's metric, percent
  template <class Weights>
  double add_epoch(int epoch, FusionEpoch told, const Tensor& logits, Weights weights) {
    const double metric = metric_percent(logits, labels_.values, labels_.kind);
    const double val_loss = task_loss(logits, labels_.values, labels_.kind).item<double>();
    told.metric_val = metric;
    told.loss_val = val_loss;
    best_.epochs.push_back(told);
    choice_.add_epoch(logits);
    if (metric > best_.kept_metric_val || (metric == best_.kept_metric_val && val_loss < best_.kept_loss_val)) {
      if (metric > best_.kept_metric_val) best_epoch_ = epoch;
      best_.kept_metric_val = metric;
      best_.weights = weights();
      best_.kept_loss_val = val_loss;
    }
    return metric;
  }

  [[nodiscard]] bool goes_on(int epoch, int patience) const { return epoch - best_epoch_ <= patience; }
  [[nodiscard]] TrainedFusion result() && {
    best_.metric_val = choice_.metric();
    return std::move(best_);
  }

 private:
  Labels labels_;
  EpochChoice choice_;
  TrainedFusion best_;
  int best_epoch_ = 0;  // the last one in which the metric itself rose
};

/// A network with a lane a seed, each as it would start alone.
std::shared_ptr<DerivedNetwork> make_network(const Samples& samples, const Genotype& genotype,
                                             const FusionSettings& settings, std::span<const std::uint64_t> seeds) {
  const auto make = [&](std::size_t lanes) {
    StateShape shape = state_shape(settings);
    shape.lanes = static_cast<std::int64_t>(lanes);
    return std::make_shared<DerivedNetwork>(genotype, samples.channels(), samples.labels.classes, shape,
                                            added_backbones(samples, settings));
  };
  std::vector<std::shared_ptr<torch::nn::Module>> singles;
  std::shared_ptr<DerivedNetwork> network;
  for (const auto seed : seeds) {
    torch::manual_seed(seed);
    network = make(1);
    singles.push_back(network);
  }
  if (seeds.size() == 1) return network;
  network = make(seeds.size());
  fill_lanes(*network, singles);
  return network;
}

std::map<std::string, Tensor> lane_of(std::map<std::string, Tensor> tensors, std::int64_t lane, std::int64_t lanes) {
  if (lanes > 1)
    for (auto& [name, tensor] : tensors) tensor = tensor.chunk(lanes)[static_cast<std::size_t>(lane)].clone();
  return tensors;
}

/// One pass over the training samples. All lanes learn from the same, each in an order of its own.
/// @return (lanes) mean training losses, on the CPU
Tensor train_epoch(DerivedNetwork& network, FusedAdam& adam, const Samples& train, std::span<const std::uint64_t> seeds,
                   int epoch, int batch_size, const FusionHooks& hooks) {
  const auto lanes = static_cast<std::int64_t>(seeds.size());
  Tensor loss_sum = torch::zeros({lanes}, torch::TensorOptions(train.device()).dtype(torch::kFloat64));
  std::int64_t samples = 0;
  for (const auto& indices : lane_batches(seeds, "fusion-retrain-batches", epoch, train.count(), train.labels.views,
                                          batch_size, /*rows_a_lane=*/0, train.device())) {
    hooks.stop_if_cancelled();
    const Samples batch = train.at(indices);
    adam.zero_grad();
    const Tensor losses = lane_losses(network.forward(batch.features, Mode::train, batch.logits), batch.labels, lanes);
    losses.sum().backward();
    adam.step();
    loss_sum += losses.detach() * (batch.rows() / lanes);
    samples += batch.rows() / lanes;
  }
  return (loss_sum / samples).cpu();
}

}  // namespace

std::vector<TrainedFusion> retrain_in_lanes(const FusionSamples& samples, const Genotype& genotype,
                                            const FusionSettings& settings, std::span<const std::uint64_t> seeds,
                                            const FusionHooks& hooks) {
  const Samples &train = samples.train, &val = samples.val;
  const auto lanes = static_cast<std::int64_t>(seeds.size());
  const auto network = make_network(train, genotype, settings, seeds);
  network->to(train.device());
  FusedAdam adam(network->parameters(), {.lr = settings.retrain_lr, .weight_decay = settings.weight_decay});
  std::vector<Retraining> trainings(seeds.size(), Retraining(val.labels));
  const auto goes_on = [&](const Retraining& training, int epoch) {
    return training.goes_on(epoch, settings.retrain_patience);
  };
  const auto any_goes_on = [&](int epoch) {
    return std::ranges::any_of(trainings, [&](const auto& training) { return goes_on(training, epoch); });
  };
  for (int epoch = 0; epoch < settings.retrain_epochs && any_goes_on(epoch); ++epoch) {
    const double rate = settings.retrain_lr * (1 + std::cos(std::numbers::pi * epoch / settings.retrain_epochs)) / 2;
    adam.set_learning_rate(rate);
    const Tensor losses = train_epoch(*network, adam, train, seeds, epoch, settings.retrain_batch, hooks);
    const Tensor logits = predict_lanes(val, lanes, [&](const auto& features, const auto& of_backbones) {
      return network->forward(features, Mode::eval, of_backbones);
    });
    const auto loss_finite = finite_lanes({losses}, lanes), logits_finite = finite_lanes({logits}, lanes),
               weights_finite = finite_lanes(tensors_of(*network), lanes);
    double metric = 0;
    for (std::size_t k = 0; k < trainings.size(); ++k) {
      if (!goes_on(trainings[k], epoch)) continue;
      if (!loss_finite[k] || !logits_finite[k] || !weights_finite[k])
        throw NotFinite(fmt::format("the retraining of {} diverged: in epoch {} its {} are not finite",
                                    to_text(genotype), epoch + 1,
                                    !loss_finite[k]     ? "losses"
                                    : !logits_finite[k] ? "logits"
                                                        : "weights"),
                        k);
      const auto lane = static_cast<std::int64_t>(k);
      metric = std::max(metric, trainings[k].add_epoch(epoch, {rate, losses[lane].item<double>()}, logits[lane],
                                                       [&] { return lane_of(network->tensors(), lane, lanes); }));
    }
    hooks.tell({static_cast<double>(epoch + 1) / settings.retrain_epochs, true, epoch + 1, settings.retrain_epochs,
                losses.mean().item<double>(), metric});
  }
  std::vector<TrainedFusion> results;
  for (auto& training : trainings) results.push_back(std::move(training).result());
  return results;
}

TrainedFusion retrain_fusion(const FusionSamples& samples, const Genotype& genotype, const FusionSettings& settings,
                             std::uint64_t seed, const FusionHooks& hooks) {
  return std::move(retrain_in_lanes(samples, genotype, settings, {&seed, 1}, hooks).front());
}

std::uint64_t retraining_seed(std::uint64_t search, int repeat) {
  return RandomStream(Seed{search}, "fusion-retrain", static_cast<std::uint64_t>(repeat)).bits64();
}

Tensor predict_model(const std::map<std::string, Tensor>& weights, const Genotype& genotype, const Samples& samples,
                     const FusionSettings& settings) {
  DerivedNetwork network(genotype, samples.channels(), samples.labels.classes, state_shape(settings),
                         added_backbones(samples, settings));
  network.load(weights);
  network.to(samples.device());
  return predict(samples, [&](const auto& features, const auto& of_backbones) {
    return network.forward(features, Mode::eval, of_backbones);
  });
}

double evaluate_model(const std::map<std::string, Tensor>& weights, const Genotype& genotype, const Samples& samples,
                      const FusionSettings& settings) {
  return checked_metric(predict_model(weights, genotype, samples, settings), samples.labels, "the trained model");
}

}  // namespace harmonic
