#include "tests/bench/alone.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <numeric>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "core/config/space_config.hpp"
#include "core/hardware/multi_device.hpp"
#include "core/pareto/hypervolume.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "core/storage/json_text.hpp"
#include "master/models/prices.hpp"
#include "master/search/search.hpp"

namespace harmonic::bench {
namespace {

struct Options {
  std::string answers, space = "avmnist-image", points, nsga2;
  SpaceCatalog spaces;
  std::vector<DeviceSpec> devices;
  int classes = 10, seeds = 5;
  std::vector<int> percents = {5, 10, 20};
  double wanted = 0.99;
  EvolutionSettings evolution;
  bool json = false;

  void declare(OptionSet& o) {
    evolution.population = 32;  // as configs/multi-hardware.cfg
    evolution.mutation = 0.2;
    o.add("answers", answers, "CSV of supernet sweep --all").required();
    o.add("space", space, "its search space");
    declare_spaces(o, spaces);
    o.add("device", devices, "a device, as in harmonic search; several",
          {parse_device, [](const DeviceSpec& spec) { return to_text(spec); }, listed_devices})
        .required();
    o.add("classes", classes, "classifier row of the tables", {1, 1'000'000});
    o.add("percents", percents, "of the networks that a search may evaluate: several, separated by commas");
    o.add("wanted", wanted, "share of the true front's hypervolume that a search is to reach with the most of these",
          {0.0, 1.0});
    o.add("seeds", seeds, "searches", {1, 10'000});
    o.add("population", evolution.population, "as in harmonic search", {2, 100'000});
    o.add("backbone-survivors", evolution.backbone_survivors, "as in harmonic search", {0.01, 1.0});
    o.add("mutation", evolution.mutation, "as in harmonic search", {0.0, 1.0});
    o.add("crossover-first", evolution.crossover_first, "as in harmonic search", {0.0, 1.0});
    o.add("points", points, "write what every network is in each case there, for tests/bench/nsga2.py, and end");
    o.add("nsga2", nsga2, "what that wrote of pymoo's: judged beside");
    o.add("json", json, "print one JSON object");
  }
};

/// What every network scores, percent.
using Metrics = std::map<BackboneGenome, double>;

/// What is minimised beside the error.
struct Case {
  std::string name;
  DeviceSet devices;

  [[nodiscard]] Objectives costs(const BackboneGenome& genome) const {
    const auto of_devices = devices.backbone_costs(0, genome);
    Objectives all;
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      for (const double value : devices.objectives(q, of_devices)) all.push_back(value);
    return all;
  }
};

std::vector<Case> cases_of(const Options& options, const BackboneSpace& space) {
  std::vector<Case> cases;
  const auto set = [&](const std::vector<DeviceSpec>& specs, Aggregate aggregate) {
    return DeviceSet(specs, aggregate, {space}, {options.classes});
  };
  for (const auto aggregate : {Aggregate::mean, Aggregate::worst})
    cases.push_back({word_of(kAggregates, aggregate), set(options.devices, aggregate)});
  for (const auto& device : options.devices) cases.push_back({device.name, set({device}, Aggregate::mean)});
  return cases;
}

/// All networks as one case sees them.
class Truth {
 public:
  Truth(const Case& one, const Metrics& metrics) {
    std::vector<Objectives> points;
    for (const auto& [genome, metric] : metrics) {
      points.push_back(with_metric(metric, one.costs(genome)));
      points_[genome] = points.back();
    }
    reference_ = worst_point(points);
    const auto ranked = fronts(points);
    std::vector<Objectives> best;
    for (const auto i : ranked.front()) best.push_back(points[i]);
    front_size_ = best.size();
    best_ = hypervolume(best, reference_);
  }
  [[nodiscard]] const Objectives& point(const BackboneGenome& genome) const { return points_.at(genome); }
  [[nodiscard]] double share(const std::vector<BackboneGenome>& tried) const {
    std::vector<Objectives> points;
    for (const auto& genome : tried) points.push_back(points_.at(genome));
    return hypervolume(points, reference_) / best_;
  }
  [[nodiscard]] std::size_t front_size() const { return front_size_; }

 private:
  std::map<BackboneGenome, Objectives> points_;
  Objectives reference_;
  double best_ = 0;
  std::size_t front_size_ = 0;
};

/// The first `budget` networks that a search evaluates.
std::vector<BackboneGenome> searched(const Options& options, const BackboneSpace& space, const Truth& truth,
                                     const Metrics& metrics, std::size_t budget, Seed seed) {
  auto settings = options.evolution;
  settings.generations = 1000;  // more than enough
  const auto costs_of = [&](const BackboneGenome& genome) {
    const auto& point = truth.point(genome);
    return Objectives(point.begin() + 1, point.end());
  };
  Search search(settings, seed, {space},
                {[&](int, const BackboneGenome& genome) { return costs_of(genome); },
                 [&](const MultimodalGenome& genome, const Genotype&) {
                   return ModelCosts{{}, costs_of(genome.backbones.front())};
                 }});
  std::vector<BackboneGenome> tried;
  for (auto tasks = search.ask(); !tasks.empty() && tried.size() < budget; tasks = search.ask())
    for (const auto& task : tasks) {
      const auto* work = std::get_if<EvaluateBackbones>(&task.work);
      if (work == nullptr) return tried;  // the space is exhausted
      BackboneScores scores;
      for (const auto& genome : work->genomes) {
        scores.metric.push_back(metrics.at(genome));
        if (tried.size() < budget) tried.push_back(genome);
      }
      search.tell({task.id, Rank{1}, 1.0, scores});
    }
  return tried;
}

std::vector<BackboneGenome> drawn(const Metrics& metrics, std::size_t budget, Seed seed) {
  std::vector<BackboneGenome> all;
  for (const auto& [genome, metric] : metrics) all.push_back(genome);
  RandomStream random(seed, "random networks");
  random.shuffle(all);
  all.resize(std::min(budget, all.size()));
  return all;
}

Metrics read_answers(const Options& options, const BackboneSpace& space) {
  const auto table = CsvTable::read(options.answers);
  Metrics metrics;
  for (std::size_t row = 0; row < table.rows(); ++row)
    metrics[canonical(parse_genome(table.cell(row, table.column("genome")), space))] =
        table.number(row, table.column("metric"));
  for (const auto& genome : all_genomes(space))
    if (!metrics.contains(genome))
      throw InputError(fmt::format("{} has no row for {} of space {}", options.answers, to_text(genome), space.name),
                       "let supernet sweep --all finish, or give the --space of the sweep");
  return metrics;
}

/// What one network for all devices costs them, by the case whose front it is chosen from: of those that reach a
/// metric.
/// @return whether each aggregate is the best at what it is for
bool compare_cases(const Options& options, const Metrics& metrics, const std::vector<Case>& cases) {
  const double best = std::ranges::max_element(metrics, {}, &Metrics::value_type::second)->second;
  bool holds = true;
  std::vector<std::vector<std::string>> rows = {{"front of", "metric %", "mean", "worst"}};
  for (const auto& device : options.devices) rows[0].push_back(fmt::format("{} ms", device.name));
  for (const double below : {0.5, 1.0, 2.0, 5.0}) {
    std::vector<std::pair<double, double>> mean_and_worst;  // [case]
    for (const auto& one : cases) {
      const BackboneGenome* chosen = nullptr;  // the best metric is one
      double least = 0;
      for (const auto& [genome, metric] : metrics) {
        if (metric < best - below) continue;
        const double cost = one.devices.objectives(kLatency, one.devices.backbone_costs(0, genome)).front();
        if (chosen == nullptr || cost < least) chosen = &genome, least = cost;
      }
      std::vector<double> together;
      for (const std::size_t c : {std::size_t{0}, std::size_t{1}})
        together.push_back(cases[c].devices.objectives(kLatency, cases[c].devices.backbone_costs(0, *chosen)).front());
      mean_and_worst.emplace_back(together[0], together[1]);
      rows.push_back({one.name, fmt::format("{:.2f}", metrics.at(*chosen)), fmt::format("{:.4f}", together[0]),
                      fmt::format("{:.4f}", together[1])});
      for (const auto& cost : cases[0].devices.backbone_costs(0, *chosen))
        rows.back().push_back(fmt::format("{:.4f}", cost.latency_ms()));
    }
    holds = holds && mean_and_worst[0].first <= mean_and_worst[1].first &&
            mean_and_worst[1].second <= mean_and_worst[0].second;
  }
  std::cout << aligned_table(rows);
  return holds;
}

/// {case: {genome: [error, costs…]}}
void write_points(const std::string& path, const std::vector<Case>& cases, const Metrics& metrics) {
  nlohmann::ordered_json json;
  for (const auto& one : cases)
    for (const auto& [genome, metric] : metrics)
      json[one.name][to_text(genome)] = with_metric(metric, one.costs(genome));
  replace_file(path, json_text(json));
}

/// What pymoo's NSGA-II evaluated, in order, by case and seed.
using Tried = std::map<std::string, std::vector<std::vector<BackboneGenome>>>;

Tried read_tried(const std::string& path, const BackboneSpace& space) try {
  Tried tried;
  if (path.empty()) return tried;
  const auto json = read_json(path, "file of tried networks");
  for (const auto& [name, seeds] : json.items())
    for (const auto& seed : seeds) {
      auto& of_seed = tried[name].emplace_back();
      for (const auto& genome : seed) of_seed.push_back(canonical(parse_genome(genome.get<std::string>(), space)));
    }
  return tried;
} catch (const nlohmann::json::exception& e) {
  throw InputError(fmt::format("{} is not what nsga2.py writes: {}", path, e.what()), "run tests/bench/nsga2.py again");
}

/// Shares of the true front's hypervolume, by seed.
struct Shares {
  std::vector<double> own, random, nsga2;
};

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

int run(const Options& options) {
  const auto& space = options.spaces.find(options.space);
  const auto metrics = read_answers(options, space);
  const auto cases = cases_of(options, space);
  if (options.percents.empty() || std::ranges::min(options.percents) < 1 || std::ranges::max(options.percents) > 100)
    throw InputError("percents are numbers from 1 to 100", "give --percents 5,10,20");
  if (!options.points.empty()) {
    write_points(options.points, cases, metrics);
    return 0;
  }
  const auto tried = read_tried(options.nsga2, space);
  bool reaches = true, beats = true, equals = true;
  auto json = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows = {
      {"case", "true front", "evaluated", "share", "lowest", "random", "beats random in", "pymoo"}};
  const auto budget_of = [&](int percent) { return metrics.size() * static_cast<std::size_t>(percent) / 100; };
  for (const auto& one : cases) {
    const Truth truth(one, metrics);
    std::map<int, Shares> by_percent;
    for (int s = 1; s <= options.seeds; ++s) {
      const Seed seed{static_cast<std::uint64_t>(s)};
      const auto most = budget_of(std::ranges::max(options.percents));
      const auto own = searched(options, space, truth, metrics, most, seed), random = drawn(metrics, most, seed);
      for (const int percent : options.percents) {
        const auto share = [&](const std::vector<BackboneGenome>& all) {
          const auto count = static_cast<std::ptrdiff_t>(std::min(budget_of(percent), all.size()));
          return truth.share({all.begin(), all.begin() + count});
        };
        auto& shares = by_percent[percent];
        shares.own.push_back(share(own));
        shares.random.push_back(share(random));
        if (!tried.empty()) shares.nsga2.push_back(share(tried.at(one.name).at(static_cast<std::size_t>(s - 1))));
      }
    }
    for (const auto& [percent, shares] : by_percent) {
      const double share = mean_of(shares.own);
      int better = 0;
      for (std::size_t s = 0; s < shares.own.size(); ++s) better += shares.own[s] > shares.random[s] ? 1 : 0;
      reaches = reaches && (percent < std::ranges::max(options.percents) || share >= options.wanted);
      beats = beats && better == options.seeds;
      const bool beside = !shares.nsga2.empty();
      const double nsga2 = beside ? mean_of(shares.nsga2) : 0;
      equals = equals && share >= nsga2;
      rows.push_back({one.name, std::to_string(truth.front_size()), fmt::format("{} %", percent),
                      fmt::format("{:.4f}", share), fmt::format("{:.4f}", std::ranges::min(shares.own)),
                      fmt::format("{:.4f}", mean_of(shares.random)), fmt::format("{} of {}", better, options.seeds),
                      beside ? fmt::format("{:.4f}", nsga2) : "-"});
      json.push_back({{"case", one.name},
                      {"front", truth.front_size()},
                      {"percent", percent},
                      {"share", share},
                      {"random", mean_of(shares.random)}});
      if (beside) json.back()["nsga2"] = nsga2;
    }
  }
  if (options.json) {
    std::cout << json_text(json) << '\n';
  } else {
    std::cout << fmt::format(
        "share of the true front's hypervolume, with so many of {} networks evaluated, mean of {} seeds:\n{}\n",
        metrics.size(), options.seeds, aligned_table(rows));
  }
  const bool aggregates = compare_cases(options, metrics, cases);
  const auto claim = [](bool holds, const std::string& what) {
    std::cout << fmt::format("{}: {}\n", holds ? "holds" : "DOES NOT HOLD", what);
    return holds;
  };
  const bool first =
      claim(reaches, fmt::format("searches reach {} of the true hypervolume on average", options.wanted));
  const bool equal = tried.empty() || claim(equals, "they are at least equal to pymoo's NSGA-II in the mean");
  const bool second = claim(beats, "they beat as many random networks in every seed");
  const bool third = claim(aggregates, "worst has the lower worst case, mean the lower mean");
  return first && equal && second && third ? 0 : 1;
}

}  // namespace

int alone(const std::vector<std::string>& args) {
  Options options;
  OptionSet set("bench_search --alone", "Searches over one modality on several devices against the true fronts.");
  options.declare(set);
  if (set.parse(args) == OptionSet::Parsed::help_printed) return 0;
  return run(options);
}

}  // namespace harmonic::bench
