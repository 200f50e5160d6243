#include "worker/fusion/fusion_search.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include <torch/types.h>

#include "core/base/error.hpp"
#include "worker/data/metric_interval.hpp"
#include "worker/fusion/genotype_parse.hpp"
#include "worker/fusion/holdout.hpp"
#include "worker/fusion/likely_genotypes.hpp"
#include "worker/fusion/mixed_search.hpp"
#include "worker/fusion/not_finite.hpp"
#include "worker/fusion/operators.hpp"
#include "worker/fusion/protocol.hpp"
#include "worker/fusion/retraining.hpp"
#include "worker/fusion/standstill.hpp"

namespace harmonic {
namespace {

/// @param joined last states that the output joins
MixedLane lane_for(const FusionSamples& samples, MacroArchitecture macro, const FusionSettings& settings, int joined,
                   std::uint64_t seed) {
  return {{samples.train.channels(), macro, settings.operators, joined, samples.train.labels.classes,
           state_shape(settings), added_backbones(samples.train, settings)},
          seed};
}

bool same_labels(const Samples& a, const Samples& b) {
  return a.labels.values.equal(b.labels.values) && a.labels.views == b.labels.views;
}

void check_jobs(std::span<const FusionJob> jobs) {
  const auto& first = jobs.front().samples;
  for (const auto& job : jobs)
    if (job.samples.modalities != first.modalities || !same_labels(job.samples.train, first.train) ||
        !same_labels(job.samples.val, first.val))
      throw InputError("pairs that train in one pass differ in inputs or labels",
                       "let pairs of one data set that offer as many features go together");
}

/// What came of a mixed network: a result without a genotype yet, and those that it may have, likeliest first.
struct MixedResult {
  FusionResult result;
  std::vector<Genotype> genotypes;
};

/// [job]
std::vector<MixedResult> train_mixed(std::span<const FusionJob> jobs, MacroArchitecture macro,
                                     const FusionSettings& settings, const OperatorCosts& costs,
                                     const FusionHooks& hooks) {
  const int joined = settings.joined_cells(macro.cells);
  std::vector<Samples> trains, guides;
  std::vector<MixedLane> lanes;
  for (const auto& job : jobs) {
    if (settings.architecture_split == ArchitectureSplit::holdout) {
      auto [taught, guide] = hold_out(job.samples.train, job.seed);
      trains.push_back(std::move(taught));
      guides.push_back(std::move(guide));
    } else {
      trains.push_back(job.samples.train);
      guides.push_back(job.samples.val);
    }
    lanes.push_back(lane_for(job.samples, macro, settings, joined, job.seed));
  }
  const Samples train = join_lanes(std::move(trains)), guide = join_lanes(std::move(guides));
  const auto protocol = honest_protocol(settings, costs);
  MixedSearch search(train, guide, lanes, settings, *protocol);
  for (std::size_t k = 0; k < jobs.size(); ++k)
    if (!jobs[k].start.empty()) search.start_from(k, jobs[k].start);
  std::vector<MixedResult> results(jobs.size());
  std::vector<Standstill> standstills(jobs.size(), Standstill(settings.settle_epochs));
  for (int epoch = 0; epoch < settings.epochs && !std::ranges::all_of(standstills, &Standstill::reached); ++epoch) {
    const auto losses = search.run_epoch(epoch, [&] { hooks.stop_if_cancelled(); });
    for (std::size_t k = 0; k < jobs.size(); ++k)
      results[k].result.epochs.push_back({search.learning_rate(), losses[k]});
    if (settings.settle_epochs > 0 && epoch >= settings.warmup_epochs) {
      const auto logits = search.logits_on_host();
      for (std::size_t k = 0; k < jobs.size(); ++k) standstills[k].add_epoch(logits[k], search.temperature());
    }
    const double mean = std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
    hooks.tell({static_cast<double>(epoch + 1) / settings.epochs, false, epoch + 1, settings.epochs, mean, 0});
  }
  const auto logits = search.logits_on_host();
  for (std::size_t k = 0; k < jobs.size(); ++k) {
    results[k].genotypes = likely_genotypes(logits[k], jobs[k].samples.modalities, settings.operators, joined,
                                            static_cast<std::size_t>(settings.trials));
    results[k].result.operator_entropy = logits[k].operator_entropy(search.temperature());
    results[k].result.architecture = logits[k].values();
  }
  return results;
}

/// Which of the likeliest genotypes it is.
void settle_genotype(const FusionJob& job, const FusionSettings& settings, const FusionHooks& hooks,
                     const std::vector<Genotype>& genotypes, FusionResult& result) {
  const auto seed = RandomStream(Seed{job.seed}, "fusion-trials").bits64();
  result.trials = try_genotypes(job.samples, genotypes, settings, seed, hooks);
  result.genotype = result.trials.empty() ? genotypes.front() : result.trials.back().genotype;
}

/// The discrete network's part of a result.
void retrain_found(const FusionJob& job, const FusionSettings& settings, const FusionHooks& hooks,
                   FusionResult& result) {
  std::vector<std::uint64_t> seeds;
  for (int repeat = 0; repeat < settings.retrain_repeats; ++repeat) seeds.push_back(retraining_seed(job.seed, repeat));
  double metric_sum = 0, best_loss = std::numeric_limits<double>::infinity();
  const bool one_by_one = job.samples.train.device().is_cpu() || !runs_in_lanes(operators_of(result.genotype));
  const std::size_t at_once = one_by_one ? 1 : seeds.size();
  for (std::size_t first = 0; first < seeds.size(); first += at_once)
    for (auto& trained :
         retrain_in_lanes(job.samples, result.genotype, settings, std::span(seeds).subspan(first, at_once),
                          hooks.of_part(first / at_once, seeds.size() / at_once))) {
      metric_sum += trained.metric_val;
      if (std::pair(-trained.kept_metric_val, trained.kept_loss_val) >= std::pair(-result.kept_metric_val, best_loss))
        continue;
      best_loss = trained.kept_loss_val;
      result.kept_metric_val = trained.kept_metric_val;
      result.weights = std::move(trained.weights);
      result.retraining = std::move(trained.epochs);
    }
  result.metric_val = metric_sum / settings.retrain_repeats;
}

}  // namespace

std::vector<FusionResult> search_fusions(std::span<const FusionJob> jobs, MacroArchitecture macro,
                                         const FusionSettings& settings, const OperatorCosts& costs,
                                         const FusionHooks& hooks) {
  check_jobs(jobs);
  const std::size_t parts = 1 + jobs.size();  // the mixed networks, then job by job
  auto mixed = train_mixed(jobs, macro, settings, costs, hooks.of_part(0, parts));
  std::vector<FusionResult> results;
  for (std::size_t k = 0; k < jobs.size(); ++k) {
    const FusionHooks part = hooks.of_part(1 + k, parts);
    auto& result = results.emplace_back(std::move(mixed[k].result));
    try {
      settle_genotype(jobs[k], settings, part, mixed[k].genotypes, result);
      retrain_found(jobs[k], settings, part, result);
    } catch (const NotFinite& e) {
      throw NotFinite(e.what(), k);  // its lane was the retraining's
    }
  }
  return results;
}

FusionResult search_fusion(const FusionSamples& samples, MacroArchitecture macro, const FusionSettings& settings,
                           const OperatorCosts& costs, std::uint64_t seed, const FusionHooks& hooks,
                           std::span<const float> start) {
  const FusionJob job{samples, seed, start};
  return std::move(search_fusions({&job, 1}, macro, settings, costs, hooks).front());
}

PublishedResult search_fusion_published(const FusionSamples& samples, const Samples& test, MacroArchitecture macro,
                                        const FusionSettings& given, const OperatorCosts& costs, std::uint64_t seed,
                                        const FusionHooks& hooks) {
  const FusionSettings settings = published_values(given);
  const auto protocol = published_protocol(costs);
  const MixedLane lane = lane_for(samples, macro, settings, settings.multiplier, seed);
  MixedSearch search(samples.train, test, {&lane, 1}, settings, *protocol);
  PublishedResult best;
  torch::Tensor best_predicted;
  for (int epoch = 0; epoch < settings.epochs; ++epoch) {
    const double loss = search.run_epoch(epoch, [&] { hooks.stop_if_cancelled(); }).front();
    const auto predicted = search.predicted(test);
    const double metric = MixedSearch::metric(predicted, test);
    best.epochs.push_back({.learning_rate = search.learning_rate(), .loss_train = loss, .metric_test = metric});
    if (metric > best.metric_test) {
      best.metric_test = metric;
      best.metric_val = MixedSearch::metric(search.predicted(samples.val), samples.val);
      best_predicted = predicted;
      best.genotype = published_genotype(search.logits(), static_cast<int>(samples.train.features.size()),
                                         settings.operators, settings.multiplier);
    }
    hooks.tell(
        {static_cast<double>(epoch + 1) / settings.epochs, false, epoch + 1, settings.epochs, loss, best.metric_val});
  }
  best.test_interval = drawn_interval(best_predicted, test.labels.values, test.labels.kind);
  best.operator_entropy = search.operator_entropy();
  return best;
}

}  // namespace harmonic
