#include "worker/fusion/retraining.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
#include <utility>

#include <torch/torch.h>

#include "core/base/rng.hpp"
#include "worker/data/metrics.hpp"
#include "worker/fusion/batches.hpp"
#include "worker/fusion/derived_network.hpp"
#include "worker/fusion/epoch_choice.hpp"
#include "worker/fusion/mixed_search.hpp"
#include "worker/fusion/samples.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

/// One training among those that run side by side.
class Retraining {
 public:
  Retraining(const Samples& val, LabelKind kind, torch::Device device)
      : kind_(kind), choice_(val.count(), val.views, kind, device) {
    best_.kept_metric_val = -1;
  }

  /// @param logits of all validation samples @param weights the network's now, asked for when they are to be kept
  /// @return the epoch's metric, percent
  template <class Weights>
  double see(int epoch, double loss, const Tensor& logits, const Tensor& labels, Weights weights) {
    best_.losses.push_back(loss);
    const double metric = metric_percent(logits, labels, kind_);
    const double val_loss = task_loss(logits, labels, kind_).item<double>();
    choice_.see(logits, labels);
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
  LabelKind kind_;
  EpochChoice choice_;
  TrainedFusion best_;
  int best_epoch_ = 0;  // the last one in which the metric itself rose
};

/// A network with a lane a seed, each as it would start alone.
std::shared_ptr<DerivedNetwork> make_network(const FusionData& data, const Genotype& genotype,
                                             const FusionSettings& settings, std::span<const std::uint64_t> seeds) {
  const auto make = [&](std::size_t lanes) {
    StateShape shape = state_shape(settings);
    shape.lanes = static_cast<int>(lanes);
    return std::make_shared<DerivedNetwork>(genotype, channels_of(data.train), data.classes, shape);
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

}  // namespace

std::vector<TrainedFusion> retrain_in_lanes(const FusionData& data, const Genotype& genotype,
                                            const FusionSettings& settings, std::span<const std::uint64_t> seeds,
                                            torch::Device device, const FusionHooks& hooks) {
  check_data(data, settings);
  const auto lanes = static_cast<std::int64_t>(seeds.size());
  const Samples train = make_samples(data.train, data.train_labels, data.train_views, device);
  const Samples val = make_samples(data.val, data.val_labels, data.val_views, device);
  const auto network = make_network(data, genotype, settings, seeds);
  network->to(device);
  torch::optim::Adam adam(network->parameters(),
                          torch::optim::AdamOptions(settings.retrain_lr).weight_decay(settings.weight_decay));
  std::vector<Retraining> trainings(seeds.size(), Retraining(val, data.kind, device));
  const auto going = [&](int epoch) {
    return std::any_of(trainings.begin(), trainings.end(),
                       [&](const auto& training) { return training.goes_on(epoch, settings.retrain_patience); });
  };
  for (int epoch = 0; epoch < settings.retrain_epochs && going(epoch); ++epoch) {
    set_learning_rate(adam,
                      settings.retrain_lr * (1 + std::cos(std::numbers::pi * epoch / settings.retrain_epochs)) / 2);
    Tensor loss_sum = torch::zeros({lanes}, torch::TensorOptions(device).dtype(torch::kFloat64));
    std::int64_t samples = 0;
    // All lanes learn from the same samples, each in an order of its own.
    for (const auto& indices : lane_batches(seeds, "fusion-retrain-batches", epoch, train.count(), train.views,
                                            settings.retrain_batch, /*rows_a_lane=*/0, device)) {
      stop_if_asked(hooks);
      const Samples batch = train.at(indices);
      adam.zero_grad();
      const Tensor losses = lane_losses(network->forward(batch.features, Pass::train), batch.labels, data.kind, lanes);
      losses.sum().backward();
      adam.step();
      loss_sum += losses.detach() * (batch.rows() / lanes);
      samples += batch.rows() / lanes;
    }
    const Tensor mean = (loss_sum / samples).cpu();
    const Tensor logits =
        predict_lanes(val, lanes, [&](const auto& features) { return network->forward(features, Pass::eval); });
    double metric = 0;
    for (std::int64_t k = 0; k < lanes; ++k) {
      auto& training = trainings[static_cast<std::size_t>(k)];
      if (!training.goes_on(epoch, settings.retrain_patience)) continue;
      metric = std::max(metric, training.see(epoch, mean[k].item<double>(), logits[k], val.labels,
                                             [&] { return lane_of(network->tensors(), k, lanes); }));
    }
    if (hooks.progress) hooks.progress({true, epoch + 1, settings.retrain_epochs, mean.mean().item<double>(), metric});
  }
  std::vector<TrainedFusion> results;
  for (auto& training : trainings) results.push_back(std::move(training).result());
  return results;
}

TrainedFusion retrain_fusion(const FusionData& data, const Genotype& genotype, const FusionSettings& settings,
                             std::uint64_t seed, torch::Device device, const FusionHooks& hooks) {
  return std::move(retrain_in_lanes(data, genotype, settings, {&seed, 1}, device, hooks).front());
}

}  // namespace harmonic
