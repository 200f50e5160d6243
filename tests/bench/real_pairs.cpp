#include "real_pairs.hpp"

#include <cmath>
#include <ctime>
#include <iostream>

#include <fmt/format.h>
#include <torch/torch.h>

#include "core/base/rng.hpp"
#include "core/config/search_settings.hpp"
#include "core/data/published_tables.hpp"
#include "core/work/run_devices.hpp"
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
    OptionSet set("bench_search --real-pairs", "Fusion searches on real pairs: how good, how much of it luck.");
    search.declare(set);
    set.section("").add("rows", rows, "rows of the published AV-MNIST table");
    set.add("seeds", seeds, "fusion searches of a row", {1, 1000});
    set.add("random", random, "random pairs of drawn macro-architectures", {0, 10'000});
    args.insert(args.end(), {"--run", "none"});  // nothing is written
    return set.parse(args);
  }
};

double cpu_seconds() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Measured {
  double val = 0, test = 0, late_val = 0, late_test = 0, cpu_s = 0;
};

struct Spread {
  double mean = 0, deviation = 0, least = 0;
};

Spread spread(const std::vector<Measured>& all, double Measured::*member) {
  Spread s{0, 0, 1e9};
  for (const auto& one : all) {
    s.mean += one.*member / static_cast<double>(all.size());
    s.least = std::min(s.least, one.*member);
  }
  for (const auto& one : all) s.deviation += std::pow(one.*member - s.mean, 2);
  s.deviation = all.size() > 1 ? std::sqrt(s.deviation / static_cast<double>(all.size() - 1)) : 0;
  return s;
}

void summarise(const std::string& what, const std::vector<Measured>& all) {
  const auto val = spread(all, &Measured::val), test = spread(all, &Measured::test),
             late_val = spread(all, &Measured::late_val), late = spread(all, &Measured::late_test),
             cpu = spread(all, &Measured::cpu_s);
  std::cout << fmt::format(
                   "{}: validation {:.2f} +- {:.2f} (late {:.2f}), test {:.2f} +- {:.2f}, worst {:.2f} (late {:.2f}, "
                   "worst {:.2f}), {:.1f} s CPU\n",
                   what, val.mean, val.deviation, late_val.mean, test.mean, test.deviation, test.least, late.mean,
                   late.least, cpu.mean)
            << std::flush;
}

}  // namespace

int real_pairs(const std::vector<std::string>& args) {
  Options options;
  if (options.parse(args) == OptionSet::Parsed::help_printed) return 0;
  const auto& settings = options.search;
  settings.check();
  torch::set_num_threads(settings.threads);
  FrozenBackbones backbones(settings, torch::kCPU);
  const DeviceSet devices = run_devices(settings, backbones.data().classes);
  const auto costs = operator_costs(devices.devices(), settings.fusion.operators, settings.fusion.channels,
                                    settings.fusion.side * settings.fusion.side);
  const auto measure = [&](const std::string& what, const MultimodalGenome& genome, std::uint64_t seed) {
    const auto samples = backbones.fusion_samples(genome);
    const auto test = backbones.samples(genome, Split::test);
    Measured m;
    std::string late_text;
    for (const auto& [word, late] : kLateFusions) {
      const double start_s = cpu_seconds();
      const auto trained = train_late_fusion(samples, late);
      const double late_s = cpu_seconds() - start_s;
      const double late_test = evaluate_late_fusion(trained.weights, late, test, samples.modalities);
      late_text += fmt::format(" {} {:.2f}/{:.2f} ({:.2f} s)", word, trained.metric_val, late_test, late_s);
      if (trained.metric_val <= m.late_val) continue;
      m.late_val = trained.metric_val;
      m.late_test = late_test;
    }
    const double before = cpu_seconds();
    const auto found = search_fusion(samples, genome.macro, settings.fusion, costs, seed);
    m.cpu_s = cpu_seconds() - before;
    m.val = found.metric_val;
    m.test = evaluate_model(found.weights, found.genotype, test, settings.fusion);
    std::cout << fmt::format("{:<12} val {:6.2f}  test {:6.2f}  {:5.1f} s  {}; late val/test:{}\n", what, m.val, m.test,
                             m.cpu_s, to_text(found.genotype), late_text)
              << std::flush;
    return m;
  };
  for (const int number : options.rows) {
    const auto& row = find_published_table("avmnist").row(number);
    std::vector<Measured> all;
    for (int seed = 1; seed <= options.seeds; ++seed)
      all.push_back(measure(fmt::format("row {} #{}", number, seed), {row.backbones, row.macro},
                            RandomStream(Seed{static_cast<std::uint64_t>(seed)}, "real-pairs").bits64()));
    summarise(fmt::format("row {}, {} seeds", number, options.seeds), all);
  }
  RandomStream draws(Seed{settings.seed}, "real-pairs-random");
  std::vector<Measured> all;
  for (int i = 1; i <= options.random; ++i) {
    MultimodalGenome genome;
    for (std::size_t m = 0; m < backbones.modalities(); ++m)
      genome.backbones.push_back(random_genome(backbones.spec(m).space, draws));
    genome.macro = draw_macro(settings.evolution.macro, draws);
    all.push_back(measure(fmt::format("random {}", i), genome, draws.bits64()));
  }
  if (!all.empty()) summarise(fmt::format("{} random pairs", options.random), all);
  return 0;
}

}  // namespace harmonic::bench
