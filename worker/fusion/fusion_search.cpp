#include "worker/fusion/fusion_search.hpp"

#include <limits>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <torch/torch.h>

#include "core/base/rng.hpp"
#include "worker/data/metrics.hpp"
#include "worker/fusion/derived_network.hpp"
#include "worker/fusion/genotype_parse.hpp"
#include "worker/fusion/mixed_search.hpp"
#include "worker/fusion/protocol.hpp"
#include "worker/fusion/retraining.hpp"
#include "worker/fusion/samples.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

FusionLayout layout_of(const FusionData& data, MacroArchitecture macro, const FusionSettings& settings) {
  return {channels_of(data.train), macro, settings.operators, settings.multiplier, data.classes, state_shape(settings)};
}

Genotype genotype_now(const MixedSearch& search, std::size_t lane, const FusionData& data,
                      const FusionSettings& settings) {
  return genotype_of(search.logits(lane), static_cast<int>(data.train.size()), settings.operators, settings.multiplier);
}

void check_jobs(std::span<const FusionJob> jobs, const FusionSettings& settings) {
  for (const auto& job : jobs) {
    check_data(job.data, settings);
    const auto& first = jobs.front().data;
    if (job.data.train.size() != first.train.size() || !job.data.train_labels.equal(first.train_labels) ||
        !job.data.val_labels.equal(first.val_labels) || job.data.train_views != first.train_views ||
        job.data.val_views != first.val_views)
      throw InputError("pairs that train in one pass differ in inputs or labels",
                       "let pairs of one data set that offer as many features go together");
  }
}

/// The mixed networks' part of the results.
std::vector<FusionResult> train_mixed(std::span<const FusionJob> jobs, MacroArchitecture macro,
                                      const FusionSettings& settings, const OperatorCosts& costs, torch::Device device,
                                      const FusionHooks& hooks) {
  std::vector<Samples> trains, vals;
  std::vector<MixedLane> lanes;
  for (const auto& job : jobs) {
    trains.push_back(make_samples(job.data.train, job.data.train_labels, job.data.train_views, device));
    vals.push_back(make_samples(job.data.val, job.data.val_labels, job.data.val_views, device));
    lanes.push_back({layout_of(job.data, macro, settings), job.seed});
  }
  const Samples train = join_lanes(std::move(trains)), val = join_lanes(std::move(vals));
  const auto& data = jobs.front().data;
  const auto protocol = honest_protocol(settings, costs);
  MixedSearch search(train, val, data.kind, lanes, settings, *protocol);
  for (std::size_t k = 0; k < jobs.size(); ++k)
    if (!jobs[k].start.empty()) search.start_from(k, jobs[k].start);
  std::vector<FusionResult> results(jobs.size());
  for (int epoch = 0; epoch < settings.epochs; ++epoch) {
    const auto losses = search.run_epoch(epoch, [&] { stop_if_asked(hooks); });
    for (std::size_t k = 0; k < jobs.size(); ++k) results[k].losses.push_back(losses[k]);
    const double mean = std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
    if (hooks.progress) hooks.progress({false, epoch + 1, settings.epochs, mean, 0});
  }
  for (std::size_t k = 0; k < jobs.size(); ++k) {
    results[k].genotype = genotype_now(search, k, data, settings);
    results[k].operator_entropy = search.operator_entropy(k);
    results[k].architecture = search.logits(k).values();
  }
  return results;
}

/// The discrete network's part of a result.
void retrain_found(const FusionJob& job, const FusionSettings& settings, torch::Device device, const FusionHooks& hooks,
                   FusionResult& result) {
  std::vector<std::uint64_t> seeds;
  for (int repeat = 0; repeat < settings.retrain_repeats; ++repeat)
    seeds.push_back(RandomStream(Seed{job.seed}, "fusion-retrain", static_cast<std::uint64_t>(repeat)).bits64());
  double metric_sum = 0, best_loss = std::numeric_limits<double>::infinity();
  const std::size_t at_once = device.is_cpu() || !runs_in_lanes(operators_of(result.genotype)) ? 1 : seeds.size();
  for (std::size_t first = 0; first < seeds.size(); first += at_once)
    for (auto& trained : retrain_in_lanes(job.data, result.genotype, settings, std::span(seeds).subspan(first, at_once),
                                          device, hooks)) {
      metric_sum += trained.metric_val;
      if (std::pair(-trained.kept_metric_val, trained.kept_loss_val) >= std::pair(-result.kept_metric_val, best_loss))
        continue;
      best_loss = trained.kept_loss_val;
      result.kept_metric_val = trained.kept_metric_val;
      result.weights = std::move(trained.weights);
    }
  result.metric_val = metric_sum / settings.retrain_repeats;
}

}  // namespace

std::vector<FusionResult> search_fusions(std::span<const FusionJob> jobs, MacroArchitecture macro,
                                         const FusionSettings& settings, const OperatorCosts& costs,
                                         torch::Device device, const FusionHooks& hooks) {
  check_jobs(jobs, settings);
  auto results = train_mixed(jobs, macro, settings, costs, device, hooks);
  for (std::size_t k = 0; k < jobs.size(); ++k) retrain_found(jobs[k], settings, device, hooks, results[k]);
  return results;
}

FusionResult search_fusion(const FusionData& data, MacroArchitecture macro, const FusionSettings& settings,
                           const OperatorCosts& costs, std::uint64_t seed, torch::Device device,
                           const FusionHooks& hooks, std::span<const float> start) {
  const FusionJob job{data, seed, start};
  return std::move(search_fusions({&job, 1}, macro, settings, costs, device, hooks).front());
}

PublishedResult search_fusion_published(const FusionData& data, const std::vector<Tensor>& test,
                                        const Tensor& test_labels, MacroArchitecture macro, const FusionSettings& given,
                                        const OperatorCosts& costs, std::uint64_t seed, torch::Device device,
                                        const FusionHooks& hooks) {
  const FusionSettings settings = published_values(given);
  check_data(data, settings);
  check_samples(test, test_labels, /*views=*/1, data.kind, data.classes, settings.side * settings.side);
  const Samples train = make_samples(data.train, data.train_labels, data.train_views, device);
  const Samples val = make_samples(data.val, data.val_labels, data.val_views, device);
  const Samples guide = make_samples(test, test_labels, /*views=*/1, device);
  const auto protocol = published_protocol(costs);
  const MixedLane lane{layout_of(data, macro, settings), seed};
  MixedSearch search(train, guide, data.kind, {&lane, 1}, settings, *protocol);
  PublishedResult best;
  for (int epoch = 0; epoch < settings.epochs; ++epoch) {
    best.losses.push_back(search.run_epoch(epoch, [&] { stop_if_asked(hooks); }).front());
    if (const double metric = search.metric(guide); metric > best.metric_test) {
      best.metric_test = metric;
      best.metric_val = search.metric(val);
      best.genotype = genotype_now(search, 0, data, settings);
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
