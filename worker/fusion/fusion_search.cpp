#include "worker/fusion/fusion_search.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include <fmt/format.h>
#include <torch/torch.h>

#include "core/base/rng.hpp"
#include "worker/fusion/batches.hpp"
#include "worker/fusion/derived_network.hpp"
#include "worker/fusion/epoch_choice.hpp"
#include "worker/fusion/genotype_parse.hpp"
#include "worker/fusion/mixed_search.hpp"
#include "worker/fusion/protocol.hpp"
#include "worker/fusion/samples.hpp"
#include "worker/train/metrics.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

StateShape state_shape(const FusionSettings& settings) {
  return {settings.channels, settings.side * settings.side, settings.dropout};
}

std::vector<int> channels_of(const std::vector<Tensor>& features) {
  std::vector<int> channels;
  for (const auto& feature : features) channels.push_back(static_cast<int>(feature.size(1)));
  return channels;
}

void stop_if_asked(const FusionHooks& hooks) {
  if (hooks.stop_requested && hooks.stop_requested()) throw FusionStopped();
}

void check_data(const FusionData& data, const FusionSettings& settings) {
  const int positions = settings.side * settings.side;
  check_samples(data.train, data.train_labels, data.train_views, data.kind, data.classes, positions);
  check_samples(data.val, data.val_labels, data.val_views, data.kind, data.classes, positions);
  if (channels_of(data.train) != channels_of(data.val))
    throw InputError("train and validation features differ in number or channels",
                     "compute both with the same backbones");
}

FusionLayout layout_of(const FusionData& data, MacroArchitecture macro, const FusionSettings& settings) {
  return {channels_of(data.train), macro, settings.operators, settings.multiplier, data.classes, state_shape(settings)};
}

Genotype genotype_now(const MixedSearch& search, const FusionData& data, const FusionSettings& settings) {
  return genotype_of(search.logits(), static_cast<int>(data.train.size()), settings.operators, settings.multiplier);
}

}  // namespace

TrainedFusion retrain_fusion(const FusionData& data, const Genotype& genotype, const FusionSettings& settings,
                             std::uint64_t seed, torch::Device device, const FusionHooks& hooks) {
  check_data(data, settings);
  torch::manual_seed(seed);
  const Samples train = make_samples(data.train, data.train_labels, data.train_views, device);
  const Samples val = make_samples(data.val, data.val_labels, data.val_views, device);
  DerivedNetwork network(genotype, channels_of(data.train), data.classes, state_shape(settings));
  network.to(device);
  torch::optim::Adam adam(network.parameters(),
                          torch::optim::AdamOptions(settings.retrain_lr).weight_decay(settings.weight_decay));
  TrainedFusion best;
  best.kept_metric_val = -1;
  EpochChoice choice(val.count(), val.views, data.kind, device);
  double best_loss = std::numeric_limits<double>::infinity();
  std::vector<double> losses;
  int best_epoch = 0;  // the last one in which the metric itself rose
  for (int epoch = 0; epoch < settings.retrain_epochs && epoch - best_epoch <= settings.retrain_patience; ++epoch) {
    set_learning_rate(adam,
                      settings.retrain_lr * (1 + std::cos(std::numbers::pi * epoch / settings.retrain_epochs)) / 2);
    Tensor loss_sum = torch::zeros({}, torch::TensorOptions(device).dtype(torch::kFloat64));
    std::int64_t samples = 0;
    for (const auto& indices :
         shuffled_batches(train.count(), settings.retrain_batch,
                          RandomStream(Seed{seed}, "fusion-retrain-batches", static_cast<std::uint64_t>(epoch)), device,
                          train.views)) {
      stop_if_asked(hooks);
      const Samples batch = train.at(indices);
      adam.zero_grad();
      const Tensor loss = task_loss(network.forward(batch.features, Pass::train), batch.labels, data.kind);
      loss.backward();
      adam.step();
      loss_sum += loss.detach() * batch.rows();
      samples += batch.rows();
    }
    losses.push_back(loss_sum.item<double>() / static_cast<double>(samples));
    const Tensor logits = predict(val, [&](const auto& features) { return network.forward(features, Pass::eval); });
    const double metric = metric_percent(logits, val.labels, data.kind);
    const double val_loss = task_loss(logits, val.labels, data.kind).item<double>();
    choice.see(logits, val.labels);
    if (metric > best.kept_metric_val || (metric == best.kept_metric_val && val_loss < best_loss)) {
      if (metric > best.kept_metric_val) best_epoch = epoch;
      best.kept_metric_val = metric;
      best.weights = network.tensors();
      best_loss = val_loss;
    }
    if (hooks.progress) hooks.progress({true, epoch + 1, settings.retrain_epochs, losses.back(), metric});
  }
  best.losses = std::move(losses);
  best.metric_val = choice.metric();
  best.kept_loss_val = best_loss;
  return best;
}

FusionResult search_fusion(const FusionData& data, MacroArchitecture macro, const FusionSettings& settings,
                           const OperatorCosts& costs, std::uint64_t seed, torch::Device device,
                           const FusionHooks& hooks, std::span<const float> start) {
  check_data(data, settings);
  FusionResult result;
  {
    torch::manual_seed(seed);
    const Samples train = make_samples(data.train, data.train_labels, data.train_views, device);
    const Samples val = make_samples(data.val, data.val_labels, data.val_views, device);
    const auto protocol = honest_protocol(settings, costs);
    MixedSearch search(train, val, data.kind, layout_of(data, macro, settings), settings, *protocol, seed);
    if (!start.empty()) search.start_from(start);
    for (int epoch = 0; epoch < settings.epochs; ++epoch) {
      result.losses.push_back(search.run_epoch(epoch, [&] { stop_if_asked(hooks); }));
      if (hooks.progress) hooks.progress({false, epoch + 1, settings.epochs, result.losses.back(), 0});
    }
    result.genotype = genotype_now(search, data, settings);
    result.operator_entropy = search.operator_entropy();
    result.architecture = search.logits().values();
  }
  double metric_sum = 0, best_loss = std::numeric_limits<double>::infinity();
  for (int repeat = 0; repeat < settings.retrain_repeats; ++repeat) {
    const auto repeat_seed = RandomStream(Seed{seed}, "fusion-retrain", static_cast<std::uint64_t>(repeat)).bits64();
    TrainedFusion trained = retrain_fusion(data, result.genotype, settings, repeat_seed, device, hooks);
    metric_sum += trained.metric_val;
    if (std::pair(-trained.kept_metric_val, trained.kept_loss_val) >= std::pair(-result.kept_metric_val, best_loss))
      continue;
    best_loss = trained.kept_loss_val;
    result.kept_metric_val = trained.kept_metric_val;
    result.weights = std::move(trained.weights);
  }
  result.metric_val = metric_sum / settings.retrain_repeats;
  return result;
}

PublishedResult search_fusion_published(const FusionData& data, const std::vector<Tensor>& test,
                                        const Tensor& test_labels, MacroArchitecture macro, const FusionSettings& given,
                                        const OperatorCosts& costs, std::uint64_t seed, torch::Device device,
                                        const FusionHooks& hooks) {
  const FusionSettings settings = published_values(given);
  check_data(data, settings);
  check_samples(test, test_labels, /*views=*/1, data.kind, data.classes, settings.side * settings.side);
  torch::manual_seed(seed);
  const Samples train = make_samples(data.train, data.train_labels, data.train_views, device);
  const Samples val = make_samples(data.val, data.val_labels, data.val_views, device);
  const Samples guide = make_samples(test, test_labels, /*views=*/1, device);
  const auto protocol = published_protocol(costs);
  MixedSearch search(train, guide, data.kind, layout_of(data, macro, settings), settings, *protocol, seed);
  PublishedResult best;
  for (int epoch = 0; epoch < settings.epochs; ++epoch) {
    best.losses.push_back(search.run_epoch(epoch, [&] { stop_if_asked(hooks); }));
    if (const double metric = search.metric(guide); metric > best.metric_test) {
      best.metric_test = metric;
      best.metric_val = search.metric(val);
      best.genotype = genotype_now(search, data, settings);
    }
    if (hooks.progress) hooks.progress({false, epoch + 1, settings.epochs, best.losses.back(), best.metric_val});
  }
  best.operator_entropy = search.operator_entropy();
  return best;
}

double evaluate_model(const std::map<std::string, Tensor>& weights, const Genotype& genotype,
                      const std::vector<Tensor>& features, const Tensor& labels, LabelKind kind, int classes,
                      const FusionSettings& settings) {
  check_samples(features, labels, /*views=*/1, kind, classes, settings.side * settings.side);
  DerivedNetwork network(genotype, channels_of(features), classes, state_shape(settings));
  network.load(weights);
  const Samples samples = make_samples(features, labels, /*views=*/1, torch::kCPU);
  const Tensor logits = predict(samples, [&](const auto& rows) { return network.forward(rows, Pass::eval); });
  return metric_percent(logits, samples.labels, kind);
}

}  // namespace harmonic
