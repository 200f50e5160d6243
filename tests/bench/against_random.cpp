#include "against_random.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <numeric>

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/rng.hpp"
#include "core/base/text.hpp"
#include "core/config/search_settings.hpp"
#include "core/data/published_tables.hpp"
#include "core/hardware/cost_model.hpp"
#include "core/work/run_devices.hpp"
#include "worker/frozen_backbones.hpp"
#include "worker/fusion/architecture.hpp"
#include "worker/fusion/fusion_search.hpp"
#include "worker/fusion/genotype_parse.hpp"
#include "worker/fusion/late_fusion.hpp"
#include "worker/fusion/retraining.hpp"

namespace harmonic::bench {
namespace {

struct Options {
  SearchSettings search;
  std::vector<int> rows = {1, 3};
  int random = 30, seeds = 5, retrainings = 3;

  OptionSet::Parsed parse(std::vector<std::string> args) {
    OptionSet set("bench_fusion --against-random", "Found fusion architectures against random ones.");
    search.declare(set);
    set.section("").add("rows", rows, "rows of the published AV-MNIST table");
    set.add("random", random, "random genotypes of a row", {4, 10'000});
    set.add("seeds", seeds, "fusion searches of a row", {1, 1000});
    set.add("retrainings", retrainings, "of every genotype, whose mean metric counts", {1, 1000});
    args.insert(args.end(), {"--run", "none"});  // nothing is written
    return set.parse(args);
  }
};

/// The genotype of an architecture that learned nothing, by the same rule as a found one's: every choice is a matter of
/// chance, and what may come out is the same.
Genotype random_genotype(const std::vector<int>& modalities, MacroArchitecture macro, const FusionSettings& settings,
                         RandomStream& random) {
  torch::manual_seed(random.bits64());
  const int inputs = std::accumulate(modalities.begin(), modalities.end(), 0);
  return genotype_of(random_architecture(inputs, macro, static_cast<int>(settings.operators.size()), torch::kCPU),
                     modalities, settings.operators, settings.joined_cells(macro.cells));
}

struct Judged {
  double error = 0;       ///< 100 - validation metric, mean over the retrainings
  double latency_ms = 0;  ///< of the fusion operators
};

double mean(const std::vector<Judged>& all, double Judged::*member) {
  double sum = 0;
  for (const auto& one : all) sum += one.*member;
  return sum / static_cast<double>(all.size());
}

/// Linear between the order statistics.
double quantile(std::vector<Judged> all, double share) {
  std::ranges::sort(all, {}, &Judged::latency_ms);
  const double at = share * static_cast<double>(all.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const auto above = std::min(below + 1, all.size() - 1);
  return std::lerp(all[below].latency_ms, all[above].latency_ms, at - static_cast<double>(below));
}

class Contest {
 public:
  Contest(const Options& options, const FusionSamples& samples, const LookUpTable& table, const OperatorCosts& costs)
      : options_(options), samples_(samples), table_(table), costs_(costs) {}

  Judged judge(const std::string& what, const Genotype& genotype) const {
    const auto& fusion = options_.search.fusion;
    Judged judged{
        0, total(fusion_cost(table_, operators_of(genotype), fusion.channels, fusion.side * fusion.side)).latency_ms()};
    for (int k = 0; k < options_.retrainings; ++k)
      judged.error += 100 - retrain_fusion(samples_, genotype, fusion, static_cast<std::uint64_t>(k)).metric_val;
    judged.error /= options_.retrainings;
    std::cout << fmt::format("{:<10} {:7.3f} % error {:8.4f} ms  {}\n", what, judged.error, judged.latency_ms,
                             to_text(genotype))
              << std::flush;
    return judged;
  }

  bool run(MacroArchitecture macro) const {
    auto settings = options_.search.fusion;
    settings.retrain_repeats = settings.retrain_epochs = 1;  // retrained below, like the random ones
    std::vector<Judged> found, random;
    double entropy = 0;
    for (int seed = 1; seed <= options_.seeds; ++seed) {
      const auto key = RandomStream(Seed{static_cast<std::uint64_t>(seed)}, "against-random").bits64();
      const auto result = search_fusion(samples_, macro, settings, costs_, key);
      entropy += result.operator_entropy / options_.seeds;
      found.push_back(judge(fmt::format("found {}", seed), result.genotype));
    }
    RandomStream draws(Seed{options_.search.seed}, "random-genotypes");
    for (int i = 1; i <= options_.random; ++i)
      random.push_back(judge(fmt::format("random {}", i),
                             random_genotype(samples_.modalities, macro, options_.search.fusion, draws)));
    const double found_error = mean(found, &Judged::error), random_error = mean(random, &Judged::error);
    const double found_ms = mean(found, &Judged::latency_ms), quarter_ms = quantile(random, 0.25);
    std::cout << fmt::format(
        "mean error: found {:.3f} %, random {:.3f} %\nlatency: found {:.4f} ms, a quarter of the random below {:.4f} "
        "ms\noperators' entropy: {:.3f} of uniform\n",
        found_error, random_error, found_ms, quarter_ms, entropy);
    const auto claim = [](bool holds, const char* what) {
      std::cout << fmt::format("{}: {}\n", holds ? "holds" : "DOES NOT HOLD", what);
      return holds;
    };
    const bool accurate = claim(found_error <= random_error, "the found ones' mean error is not above the random mean");
    const bool fast = claim(found_ms < quarter_ms, "their mean latency is below the random ones' 25th percentile");
    const bool decided = claim(entropy < 0.5, "the operators' entropy is below half of uniform");
    return accurate && fast && decided;
  }

 private:
  const Options& options_;
  const FusionSamples& samples_;
  const LookUpTable& table_;
  const OperatorCosts& costs_;
};

}  // namespace

int against_random(const std::vector<std::string>& args) {
  Options options;
  if (options.parse(args) == OptionSet::Parsed::help_printed) return 0;
  const auto& settings = options.search;
  settings.check();
  torch::set_num_threads(settings.threads);
  FrozenBackbones backbones(settings, torch::kCPU, 1);
  const DeviceSet devices = run_devices(settings, backbones.data().classes);
  const auto costs = operator_costs(devices.devices(), settings.fusion.operators, settings.fusion.channels,
                                    settings.fusion.side * settings.fusion.side);
  bool is_better = true;
  for (const int number : options.rows) {
    const auto& row = find_published_table("avmnist").row(number);
    std::cout << fmt::format("row {}: {} cells x {} nodes\n", number, row.macro.cells, row.macro.nodes) << std::flush;
    const auto samples = backbones.fusion_samples({row.backbones, row.macro});
    for (const auto& [word, late] : kLateFusions)
      std::cout << fmt::format("late:{:<6} {:6.3f} % error, without any cell\n", word,
                               100 - train_late_fusion(samples, late).metric_val)
                << std::flush;
    const bool row_better = Contest(options, samples, devices.devices().front().table, costs).run(row.macro);
    std::cout << (row_better ? "the search beats chance\n\n" : "the search does NOT beat chance\n\n");
    is_better = is_better && row_better;
  }
  return is_better ? 0 : 1;
}

}  // namespace harmonic::bench
