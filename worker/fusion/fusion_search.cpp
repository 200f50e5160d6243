#include "worker/fusion/fusion_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <torch/torch.h>

#include "core/base/rng.hpp"
#include "worker/fusion/derived_network.hpp"
#include "worker/fusion/epoch_choice.hpp"
#include "worker/fusion/genotype_parse.hpp"
#include "worker/fusion/kept_heap.hpp"
#include "worker/fusion/mixed_network.hpp"
#include "worker/train/metrics.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

/// One split on the device, features as rows.
struct Samples {
  std::vector<Tensor> features;
  Tensor labels;
  int views = 1;

  /// Rows: samples times views.
  [[nodiscard]] std::int64_t size() const { return labels.size(0); }
  [[nodiscard]] Samples at(const Tensor& indices) const {
    Samples some;
    for (const auto& feature : features) some.features.push_back(feature.index_select(0, indices));
    some.labels = labels.index_select(0, indices);
    return some;
  }
};

StateShape state_shape(const FusionSettings& settings) {
  return {settings.channels, settings.side * settings.side, settings.dropout};
}

void check_features(const std::vector<Tensor>& features, const Tensor& labels, int positions) {
  for (std::size_t i = 0; i < features.size(); ++i) {
    const auto& f = features[i];
    const bool vector = f.dim() == 2 || (f.dim() == 3 && f.size(2) == 1);
    if (!vector && (f.dim() != 3 || f.size(2) != positions))
      throw InputError(fmt::format("fusion input {} is no pooled feature of {} positions", i, positions),
                       "pool it to side x side as [fusion] says");
    if (f.size(0) != labels.size(0))
      throw InputError(fmt::format("fusion input {} has {} samples, the labels {}", i, f.size(0), labels.size(0)),
                       "give features and labels of the same split");
  }
}

void check_labels(const Tensor& labels, LabelKind kind, int classes) {
  if (labels.size(0) < 2)
    throw InputError(fmt::format("a split has {} samples", labels.size(0)), "give it two or more");
  if (kind == LabelKind::multilabel) {
    if (labels.dim() != 2 || labels.size(1) != classes)
      throw InputError(fmt::format("multilabel labels are not (samples, {})", classes), "give one column a class");
    return;
  }
  const auto least = labels.min().item<std::int64_t>(), most = labels.max().item<std::int64_t>();
  if (least < 0 || most >= classes)
    throw InputError(fmt::format("labels run from {} to {}, but there are {} classes", least, most, classes),
                     "number the classes from 0");
}

void check_views(const Tensor& labels, int views) {
  if (views < 1 || labels.size(0) % views != 0)
    throw InputError(fmt::format("{} labels do not make {} views of every sample", labels.size(0), views),
                     "give every sample as many views");
}

Samples load(const std::vector<Tensor>& features, const Tensor& labels, int views, torch::Device device) {
  Samples samples;
  samples.views = views;
  for (const auto& feature : features) samples.features.push_back(feature_rows(feature).to(device));
  samples.labels = labels.to(device);
  return samples;
}

std::vector<int> channels_of(const std::vector<Tensor>& features) {
  std::vector<int> channels;
  for (const auto& feature : features) channels.push_back(static_cast<int>(feature.size(1)));
  return channels;
}

/// A fresh order of all samples, each in a view drawn at random, cut into batches of rows. A last batch of a single
/// sample, which batch norm cannot take, is left out.
std::vector<Tensor> shuffled_batches(const Samples& samples, int batch, RandomStream random) {
  const std::int64_t count = samples.size() / samples.views;
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), 0);
  random.shuffle(rows);
  if (samples.views > 1)
    for (auto& row : rows)
      row += count * static_cast<std::int64_t>(random.below(static_cast<std::size_t>(samples.views)));
  const Tensor indices = torch::tensor(rows).to(samples.labels.device());
  std::vector<Tensor> batches;
  for (std::int64_t first = 0; first < count; first += batch)
    if (const auto size = std::min<std::int64_t>(batch, count - first); size > 1)
      batches.push_back(indices.slice(0, first, first + size));
  return batches;
}

/// An endless run of shuffled batches.
class BatchCycle {
 public:
  BatchCycle(const Samples& samples, int batch, std::uint64_t seed, const char* purpose)
      : samples_(samples), batch_(batch), seed_(seed), purpose_(purpose) {}
  Tensor next() {
    if (position_ == batches_.size()) {
      batches_ = shuffled_batches(samples_, batch_, RandomStream(Seed{seed_}, purpose_, round_++));
      position_ = 0;
    }
    return batches_[position_++];
  }

 private:
  const Samples& samples_;
  int batch_;
  std::uint64_t seed_;
  const char* purpose_;
  std::uint64_t round_ = 0;
  std::vector<Tensor> batches_;
  std::size_t position_ = 0;
};

void set_learning_rate(torch::optim::Adam& adam, double rate) {
  for (auto& group : adam.param_groups()) static_cast<torch::optim::AdamOptions&>(group.options()).lr(rate);
}

void stop_if_asked(const FusionHooks& hooks) {
  if (hooks.stop_requested && hooks.stop_requested()) throw FusionStopped();
}

/// The mixed network in training: its weights and its architecture take turns.
class MixedSearch {
 public:
  MixedSearch(const FusionData& data, const FusionLayout& layout, const FusionSettings& settings,
              const OperatorCosts& costs, std::uint64_t seed, torch::Device device)
      : settings_(settings),
        costs_(costs),
        kind_(data.kind),
        seed_(seed),
        train_(load(data.train, data.train_labels, data.train_views, device)),
        val_(load(data.val, data.val_labels, data.val_views, device)),
        network_(layout),
        logits_(random_architecture(static_cast<int>(layout.input_channels.size()), layout.macro,
                                    static_cast<int>(layout.operators.size()), device)),
        weight_adam_((network_.to(device), network_.parameters()),
                     torch::optim::AdamOptions(settings.weight_lr).weight_decay(settings.weight_decay)),
        arch_adam_(
            logits_.parameters(),
            torch::optim::AdamOptions(settings.arch_lr).betas({0.5, 0.999}).weight_decay(settings.arch_weight_decay)),
        val_batches_(val_, settings.batch, seed, "fusion-architecture-batches") {}

  /// Mean training loss of the epoch.
  double run_epoch(int epoch, const FusionHooks& hooks) {
    const auto batches = shuffled_batches(
        train_, settings_.batch, RandomStream(Seed{seed_}, "fusion-weight-batches", static_cast<std::uint64_t>(epoch)));
    double loss_sum = 0;
    std::int64_t samples = 0;
    for (std::size_t b = 0; b < batches.size(); ++b) {
      stop_if_asked(hooks);
      const double t = epoch + static_cast<double>(b) / static_cast<double>(batches.size());
      set_learning_rate(weight_adam_, cosine_restarts(t, settings_.weight_lr, settings_.weight_lr_min));
      loss_sum += step_weights(train_.at(batches[b])) * static_cast<double>(batches[b].size(0));
      samples += batches[b].size(0);
      if (epoch >= settings_.warmup_epochs)
        for (int s = 0; s < settings_.arch_steps; ++s) step_architecture(val_.at(val_batches_.next()));
    }
    return loss_sum / static_cast<double>(samples);
  }

  [[nodiscard]] const Architecture& logits() const { return logits_; }

 private:
  double step_weights(const Samples& batch) {
    Architecture weights;
    {
      torch::NoGradGuard no_grad;
      weights = weights_of(logits_);
    }
    weight_adam_.zero_grad();
    const Tensor loss = task_loss(network_.forward(batch.features, weights, Pass::train), batch.labels, kind_);
    loss.backward();
    weight_adam_.step();
    return loss.item<double>();
  }

  void step_architecture(const Samples& batch) {
    for (auto& parameter : network_.parameters()) parameter.set_requires_grad(false);
    const Architecture weights = weights_of(logits_);
    arch_adam_.zero_grad();
    Tensor loss = task_loss(network_.forward(batch.features, weights, Pass::architecture), batch.labels, kind_);
    const auto hardware = hardware_loss(weights.gammas, costs_);
    loss = loss + settings_.latency_weight * hardware.latency + settings_.energy_weight * hardware.energy;
    loss.backward();
    arch_adam_.step();
    for (auto& parameter : network_.parameters()) parameter.set_requires_grad(true);
  }

  const FusionSettings& settings_;
  const OperatorCosts& costs_;
  LabelKind kind_;
  std::uint64_t seed_;
  Samples train_, val_;
  MixedNetwork network_;
  Architecture logits_;
  torch::optim::Adam weight_adam_, arch_adam_;
  BatchCycle val_batches_;
};

/// Logits of all samples, in eval mode.
Tensor predict(DerivedNetwork& network, const Samples& samples) {
  torch::NoGradGuard no_grad;
  constexpr std::int64_t kBatch = 256;  // bounds the memory, changes nothing
  std::vector<Tensor> logits;
  for (std::int64_t first = 0; first < samples.size(); first += kBatch) {
    std::vector<Tensor> features;
    for (const auto& feature : samples.features) features.push_back(feature.slice(0, first, first + kBatch));
    logits.push_back(network.forward(features, Pass::eval));
  }
  return at::cat(logits);
}

void check_data(const FusionData& data, const FusionSettings& settings) {
  const int positions = settings.side * settings.side;
  check_labels(data.train_labels, data.kind, data.classes);
  check_labels(data.val_labels, data.kind, data.classes);
  check_features(data.train, data.train_labels, positions);
  check_features(data.val, data.val_labels, positions);
  check_views(data.train_labels, data.train_views);
  check_views(data.val_labels, data.val_views);
  if (channels_of(data.train) != channels_of(data.val))
    throw InputError("train and validation features differ in number or channels",
                     "compute both with the same backbones");
}

}  // namespace

double cosine_restarts(double t, double highest, double lowest) {
  double period = 1;
  while (t >= period) {
    t -= period;
    period *= 2;
  }
  return lowest + (highest - lowest) * (1 + std::cos(std::numbers::pi * t / period)) / 2;
}

TrainedFusion retrain_fusion(const FusionData& data, const Genotype& genotype, const FusionSettings& settings,
                             std::uint64_t seed, torch::Device device, const FusionHooks& hooks) {
  check_data(data, settings);
  torch::manual_seed(seed);
  const Samples train = load(data.train, data.train_labels, data.train_views, device);
  const Samples val = load(data.val, data.val_labels, data.val_views, device);
  DerivedNetwork network(genotype, channels_of(data.train), data.classes, state_shape(settings));
  network.to(device);
  torch::optim::Adam adam(network.parameters(),
                          torch::optim::AdamOptions(settings.retrain_lr).weight_decay(settings.weight_decay));
  TrainedFusion best;
  best.kept_metric_val = -1;
  EpochChoice choice(val.size() / val.views, val.views, data.kind, device);
  double best_loss = std::numeric_limits<double>::infinity();
  std::vector<double> losses;
  int best_epoch = 0;  // the last one in which the metric itself rose
  for (int epoch = 0; epoch < settings.retrain_epochs && epoch - best_epoch <= settings.retrain_patience; ++epoch) {
    set_learning_rate(adam,
                      settings.retrain_lr * (1 + std::cos(std::numbers::pi * epoch / settings.retrain_epochs)) / 2);
    Tensor loss_sum = torch::zeros({}, torch::TensorOptions(device).dtype(torch::kFloat64));
    std::int64_t samples = 0;
    for (const auto& indices :
         shuffled_batches(train, settings.retrain_batch,
                          RandomStream(Seed{seed}, "fusion-retrain-batches", static_cast<std::uint64_t>(epoch)))) {
      stop_if_asked(hooks);
      const Samples batch = train.at(indices);
      adam.zero_grad();
      const Tensor loss = task_loss(network.forward(batch.features, Pass::train), batch.labels, data.kind);
      loss.backward();
      adam.step();
      loss_sum += loss.detach() * batch.size();
      samples += batch.size();
    }
    losses.push_back(loss_sum.item<double>() / static_cast<double>(samples));
    const Tensor logits = predict(network, val);
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
                           const FusionHooks& hooks) {
  keep_freed_memory();
  check_data(data, settings);
  const auto channels = channels_of(data.train);
  FusionResult result;
  {
    torch::manual_seed(seed);
    const FusionLayout layout{
        channels, macro, settings.operators, settings.multiplier, data.classes, state_shape(settings)};
    MixedSearch search(data, layout, settings, costs, seed, device);
    for (int epoch = 0; epoch < settings.epochs; ++epoch) {
      result.losses.push_back(search.run_epoch(epoch, hooks));
      if (hooks.progress) hooks.progress({false, epoch + 1, settings.epochs, result.losses.back(), 0});
    }
    result.genotype =
        genotype_of(search.logits(), static_cast<int>(channels.size()), settings.operators, settings.multiplier);
    result.operator_entropy = search.logits().operator_entropy();
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

double evaluate_model(const std::map<std::string, Tensor>& weights, const Genotype& genotype,
                      const std::vector<Tensor>& features, const Tensor& labels, LabelKind kind, int classes,
                      const FusionSettings& settings) {
  check_labels(labels, kind, classes);
  check_features(features, labels, settings.side * settings.side);
  DerivedNetwork network(genotype, channels_of(features), classes, state_shape(settings));
  network.load(weights);
  const Samples samples = load(features, labels, /*views=*/1, torch::kCPU);
  return metric_percent(predict(network, samples), samples.labels, kind);
}

}  // namespace harmonic
