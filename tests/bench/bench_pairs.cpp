// What fusion searches on real pairs come to, and how much of it is luck.
#include <cmath>
#include <iostream>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <torch/types.h>
#include <torch/utils.h>

#include "bench_main.hpp"
#include "core/base/rng.hpp"
#include "core/base/statistics.hpp"
#include "core/config/search_settings.hpp"
#include "core/data/published_tables.hpp"
#include "core/work/run_devices.hpp"
#include "measured_child.hpp"
#include "worker/frozen_backbones.hpp"
#include "worker/fusion/fusion_search.hpp"
#include "worker/fusion/late_fusion.hpp"
#include "worker/fusion/retraining.hpp"

namespace harmonic::bench {
namespace {

struct Options {
  SearchSettings search;
  std::vector<int> rows = {1, 3};
  int seeds = 8, random = 24;

  OptionSet::Parsed parse(std::vector<std::string> args) {
    OptionSet set(
        "bench_pairs",
        "Fusion searches on real pairs: rows of the published AV-MNIST table over several seeds, and random "
        "pairs of drawn macro-architectures. Prints every model's validation and test metric and CPU time, "
        "then their means, their spread, and how late fusion of the same pairs does. It reads the test split, "
        "for it judges the program, and chooses nothing. Beside its own options it takes those of harmonic "
        "search.");
    search.declare(set);
    set.section("").add("rows", rows, "rows of the published AV-MNIST table");
    set.add("seeds", seeds, "fusion searches of a row", {0, 1000});
    set.add("random", random, "random pairs of drawn macro-architectures", {0, 10'000});
    args.insert(args.end(), {"--run", "none"});  // nothing is written
    return set.parse(args);
  }
};

/// Whether the output depends on an input of every modality.
bool reads_all(const Genotype& genotype, const std::vector<int>& modalities) {
  int inputs = 0;
  for (const int own : modalities) inputs += own;
  std::set<int> reached(genotype.concat.begin(), genotype.concat.end());
  for (int c = static_cast<int>(genotype.cells.size()); c-- > 0;)
    if (reached.contains(inputs + c)) {
      const auto& cell = genotype.cells[static_cast<std::size_t>(c)];
      reached.insert({cell.first, cell.second});
    }
  int first = 0;
  for (const int own : modalities) {
    if (reached.lower_bound(first) == reached.lower_bound(first + own)) return false;
    first += own;
  }
  return true;
}

struct Measured {
  double val = 0, test = 0, cpu_s = 0;
  double late_val = 0, late_test = 0;  ///< of the late fusion that validation prefers
  bool ignores = false;                ///< a modality
};

/// Of several models: mean, sample standard deviation, the lowest and the 95 % interval's half width.
nlohmann::ordered_json spread(const std::vector<Measured>& all, double Measured::*member) {
  std::vector<double> values;
  for (const auto& one : all) values.push_back(one.*member);
  const auto interval = mean_interval(values);
  double squares = 0;
  for (const double value : values) squares += (value - interval.mean) * (value - interval.mean);
  const double deviation = values.size() > 1 ? std::sqrt(squares / static_cast<double>(values.size() - 1)) : 0;
  return {{"mean", interval.mean},
          {"deviation", deviation},
          {"lowest", interval.lowest},
          {"ci95", interval.half_width.value_or(0)}};
}

nlohmann::ordered_json summary(const std::vector<Measured>& all) {
  nlohmann::ordered_json json;
  json["models"] = all.size();
  json["ignore_a_modality"] = std::ranges::count_if(all, &Measured::ignores);
  json["metric_val"] = spread(all, &Measured::val);
  json["metric_test"] = spread(all, &Measured::test);
  json["late_val"] = spread(all, &Measured::late_val);
  json["late_test"] = spread(all, &Measured::late_test);
  auto gains = all;
  for (auto& one : gains) one.test -= one.late_test;
  json["test_above_late"] = spread(gains, &Measured::test);
  json["cpu_s"] = spread(all, &Measured::cpu_s);
  return json;
}

/// Pairs of one data set, searched as a worker does.
class Pairs {
 public:
  explicit Pairs(SearchSettings settings) : settings_(settings), backbones_(settings, torch::kCPU, 1) {
    settings_.fusion.retrain_repeats = 1;  // as a worker does: more are pieces of work of their own
    const DeviceSet devices = run_devices(settings, backbones_.data().classes);
    costs_ = operator_costs(devices.devices(), settings.fusion.operators, settings.fusion.channels,
                            settings.fusion.side * settings.fusion.side);
  }

  Measured search(const std::string& what, const MultimodalGenome& genome, std::uint64_t seed) {
    const auto samples = backbones_.fusion_samples(genome);
    const auto test = backbones_.samples(genome, Split::test);
    Measured m;
    std::string late_text;
    for (const auto& [word, late] : kLateFusions) {
      const auto trained = train_late_fusion(samples, late);
      const double late_test = evaluate_late_fusion(trained.weights, late, test, samples.modalities);
      late_text += fmt::format("  {} {:.2f} {:.2f}", word, trained.metric_val, late_test);
      if (trained.metric_val <= m.late_val) continue;
      m.late_val = trained.metric_val;
      m.late_test = late_test;
    }
    const double before = Clock::now().cpu_s;
    const auto found = search_fusion(samples, genome.macro, settings_.fusion, costs_, seed);
    m.cpu_s = Clock::now().cpu_s - before;
    m.val = found.metric_val;
    m.test = evaluate_model(found.weights, found.genotype, test, settings_.fusion);
    m.ignores = !reads_all(found.genotype, samples.modalities);
    std::cerr << fmt::format(
        "{:<12} {}x{}  validation {:6.2f}  test {:6.2f}  {:5.1f} s CPU  {}\n{:18}late, likewise:{}\n", what,
        genome.macro.cells, genome.macro.nodes, m.val, m.test, m.cpu_s, to_text(found.genotype), "", late_text);
    return m;
  }

  [[nodiscard]] MultimodalGenome draw(RandomStream& draws) const {
    MultimodalGenome genome;
    for (std::size_t m = 0; m < backbones_.modalities(); ++m)
      genome.backbones.push_back(random_genome(backbones_.spec(m).space, draws));
    genome.macro = draw_macro(settings_.evolution.macro, draws);
    return genome;
  }

 private:
  SearchSettings settings_;
  FrozenBackbones backbones_;
  OperatorCosts costs_;
};

int run(const std::vector<std::string>& args) {
  Options options;
  if (options.parse(args) == OptionSet::Parsed::help_printed) return 0;
  const auto& settings = options.search;
  settings.check();
  torch::set_num_threads(settings.threads);
  Pairs pairs(settings);
  nlohmann::ordered_json json;
  for (const int number : options.rows) {
    const auto& row = find_published_table("avmnist").row(number);
    std::vector<Measured> all;
    for (int seed = 1; seed <= options.seeds; ++seed)
      all.push_back(pairs.search(fmt::format("row {} #{}", number, seed), {row.backbones, row.macro},
                                 RandomStream(Seed{static_cast<std::uint64_t>(seed)}, "real-pairs").bits64()));
    json[fmt::format("row {}", number)] = summary(all);
  }
  RandomStream draws(Seed{settings.seed}, "real-pairs-random");
  std::vector<Measured> all;
  for (int i = 1; i <= options.random; ++i) {
    const auto genome = pairs.draw(draws);
    all.push_back(pairs.search(fmt::format("random {}", i), genome, draws.bits64()));
  }
  if (!all.empty()) json["random"] = summary(all);
  std::cout << json.dump(2) << '\n';
  return 0;
}

}  // namespace
}  // namespace harmonic::bench

int main(int argc, char** argv) {
  return harmonic::bench::bench_main(argc, argv, harmonic::bench::run);
}
