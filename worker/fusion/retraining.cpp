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

  /// What is to be known of an epoch, (kNumbers) float64 where the logits lie: all are looked at together, and so is
  /// the device waited for once.
  static constexpr std::int64_t kNumbers = 2 + EpochChoice::kNumbers;
  [[nodiscard]] Tensor numbers(const Tensor& logits) const {
    return at::cat({at::stack({metric_count(logits, labels_.values, labels_.kind),
                               task_loss(logits, labels_.values, labels_.kind).to(torch::kFloat64)}),
                    choice_.numbers(logits)});
  }

  /// @param told with its learning rate and training loss @param numbers of it, on the host
  /// @param snapshot gives the network's weights now, asked when they are to be kept
  /// @return the epoch's metric, percent
  template <class Snapshot>
  double add_epoch(int epoch, FusionEpoch told, std::span<const double, kNumbers> numbers, Snapshot snapshot) {
    const double metric = metric_of(numbers[0], labels_.values.size(0), labels_.kind);
    const double val_loss = numbers[1];
    told.metric_val = metric;
    told.loss_val = val_loss;
    best_.epochs.push_back(told);
    choice_.add_epoch(numbers.subspan<2, EpochChoice::kNumbers>());
    if (metric > best_.kept_metric_val || (metric == best_.kept_metric_val && val_loss < best_.kept_loss_val)) {
      if (metric > best_.kept_metric_val) best_epoch_ = epoch;
      best_.kept_metric_val = metric;
      best_.kept_loss_val = val_loss;
      kept_ = snapshot();
    }
    return metric;
  }

  [[nodiscard]] bool goes_on(int epoch, int patience) const { return epoch - best_epoch_ <= patience; }
  /// @param weights makes a snapshot to tensors
  template <class Weights>
  [[nodiscard]] TrainedFusion result(Weights weights) && {
    best_.metric_val = choice_.metric();
    if (kept_.defined()) best_.weights = weights(kept_);
    return std::move(best_);
  }

 private:
  Labels labels_;
  EpochChoice choice_;
  TrainedFusion best_;
  Tensor kept_;         // snapshot of the best epoch, on its device until the end
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

/// One pass over the training samples. All lanes learn from the same, each in an order of its own.
/// @return (lanes) float64, mean training losses
Tensor train_epoch(DerivedNetwork& network, FusedAdam& adam, const Samples& train, std::span<const std::uint64_t> seeds,
                   int epoch, int batch_size, const FusionHooks& hooks) {
  const auto lanes = static_cast<std::int64_t>(seeds.size());
  Tensor loss_sum = torch::zeros({lanes}, torch::TensorOptions(train.device()).dtype(torch::kFloat64));
  std::int64_t samples = 0;
  const LaneOrders orders{.seeds = {seeds.begin(), seeds.end()},
                          .purpose = "fusion-retrain-batches",
                          .samples = train.count(),
                          .views = train.labels.views,
                          .batch = batch_size};
  for (const auto& indices : lane_batches(orders, epoch, train.device())) {
    hooks.stop_if_cancelled();
    const Samples batch = train.at(indices);
    adam.zero_grad();
    const Tensor losses = lane_losses(network.forward(batch.features, Mode::train, batch.logits), batch.labels, lanes);
    losses.sum().backward();
    adam.step();
    loss_sum += losses.detach() * (batch.rows() / lanes);
    samples += batch.rows() / lanes;
  }
  return loss_sum / samples;
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
    // Of every lane: its loss, whether its logits are finite, and its weights, and what Retraining asks.
    const auto flag = [](const Tensor& finite) { return finite.to(torch::kFloat64).unsqueeze(1); };
    std::vector<Tensor> asked;
    for (std::size_t k = 0; k < trainings.size(); ++k)
      asked.push_back(trainings[k].numbers(logits[static_cast<std::int64_t>(k)]));
    const Tensor all = at::cat({losses.unsqueeze(1), flag(lanes_finite({logits}, lanes)),
                                flag(lanes_finite(tensors_of(*network), lanes)), at::stack(asked)},
                               1)
                           .cpu();
    double metric = 0, loss_sum = 0;
    for (std::size_t k = 0; k < trainings.size(); ++k) {
      const auto lane = static_cast<std::int64_t>(k);
      const std::span told(all.const_data_ptr<double>() + lane * all.size(1), static_cast<std::size_t>(all.size(1)));
      loss_sum += told[0];
      if (!goes_on(trainings[k], epoch)) continue;
      const bool finite_loss = std::isfinite(told[0]);
      if (!finite_loss || told[1] == 0 || told[2] == 0)
        throw NotFinite(fmt::format("the retraining of {} diverged: in epoch {} its {} are not finite",
                                    to_text(genotype), epoch + 1,
                                    !finite_loss   ? "losses"
                                    : told[1] == 0 ? "logits"
                                                   : "weights"),
                        k);
      metric = std::max(metric,
                        trainings[k].add_epoch(epoch, {rate, told[0]}, told.subspan<3>().first<Retraining::kNumbers>(),
                                               [&] { return network->snapshot(lane, lanes); }));
    }
    hooks.tell({static_cast<double>(epoch + 1) / settings.retrain_epochs, true, epoch + 1, settings.retrain_epochs,
                loss_sum / static_cast<double>(lanes), metric});
  }
  std::vector<TrainedFusion> results;
  for (auto& training : trainings)
    results.push_back(std::move(training).result([&](const Tensor& kept) { return network->tensors(kept, lanes); }));
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
