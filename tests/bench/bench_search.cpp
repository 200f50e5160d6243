// How good a front a search finds with few fusion searches, on a problem whose answers are known: two sweeps of
// supernets tell what every backbone scores and costs, and a pair's fused error follows from its backbones'.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <numeric>
#include <set>

#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "core/pareto/hypervolume.hpp"
#include "core/space/variation.hpp"
#include "core/storage/csv.hpp"
#include "core/storage/json_text.hpp"
#include "master/search/search.hpp"
#include "tests/bench/alone.hpp"

namespace harmonic::bench {
namespace {

constexpr const char* kSummary =
    "Replays searches against known answers and tells what share of the best hypervolume they have reached after so "
    "many "
    "fusion searches. Their front is chosen by what they saw, and judged by the truth.\n"
    "A pair's error is 0.5 sqrt(e_image e_audio), percent, whatever its macro-architecture; it is seen with normal "
    "noise, "
    "in points of percent, that another pair or macro-architecture does not share. Its costs, latency and energy on "
    "each "
    "device of the sweeps, are the sum of both backbones' and of operator-cost a cell and node, multiples of the "
    "cheapest "
    "backbones'. The reference point is the worst error and the largest costs of all pairs.\n"
    "evolution and model are the program's own search with that choose; random draws pairs and macro-architectures.\n"
    "With --alone in front: searches over one modality on several devices; bench_search --alone --help.";

struct Options {
  std::vector<std::string> answers;
  std::vector<std::string> spaces = {"avmnist-image", "avmnist-audio"};
  std::vector<int> budgets = {24, 48, 240};
  double noise = 0.3;
  double operator_cost = 0.05;
  int seeds = 10;
  EvolutionSettings evolution;
  std::string nsga2;
  bool json = false;

  void declare(OptionSet& o) {
    evolution.pairs = 8;
    o.add("answers", answers, "CSV of supernet sweep --all --device …; one a modality").required();
    o.add("space", spaces, "search space of each");
    o.add("noise", noise, "standard deviation of a seen error, points of percent", {0.0, 100.0});
    o.add("seeds", seeds, "searches whose mean is told", {1, 10'000});
    o.add("budgets", budgets, "numbers of fusion searches, separated by commas");
    o.add("operator-cost", operator_cost, "what a cell's node adds to the costs", {0.0, 100.0});
    o.add("population", evolution.population, "as in harmonic search", {2, 100'000});
    o.add("pairs", evolution.pairs, "as in harmonic search", {1, 100'000});
    o.add("nsga2", nsga2,
          "what tests/bench/nsga2.py wrote, for the same answers, noise and seeds: pymoo's, judged beside");
    o.add("json", json, "print one JSON object");
  }
};

/// What every backbone of a modality scores and costs.
class Answers {
 public:
  struct Answer {
    double error = 0;  ///< percent
    Objectives costs;  ///< multiples of the cheapest
  };

  Answers(const std::string& path, const BackboneSpace& space) : genomes_(all_genomes(space)) {
    const auto table = CsvTable::read(path);
    std::vector<std::size_t> columns;
    for (std::size_t c = 0; c < table.header().size(); ++c)
      if (table.header()[c].starts_with("latency_ms.") || table.header()[c].starts_with("energy_mj."))
        columns.push_back(c);
    if (columns.empty()) throw InputError(fmt::format("{} has no costs", path), "sweep with --device name=table.json");
    Objectives least(columns.size(), std::numeric_limits<double>::infinity());
    for (std::size_t row = 0; row < table.rows(); ++row) {
      Answer answer{100 - table.number(row, table.column("metric")), {}};
      for (std::size_t i = 0; i < columns.size(); ++i) {
        answer.costs.push_back(table.number(row, columns[i]));
        least[i] = std::min(least[i], answer.costs[i]);
      }
      answers_[canonical(parse_genome(table.cell(row, table.column("genome")), space))] = std::move(answer);
    }
    for (const auto& genome : genomes_)
      if (!answers_.contains(genome))
        throw InputError(fmt::format("{} has no row for {} of space {}", path, to_text(genome), space.name),
                         "let supernet sweep --all finish, or give the --space of the sweep");
    for (auto& [genome, answer] : answers_)
      std::ranges::transform(answer.costs, least, answer.costs.begin(), std::divides());
  }

  [[nodiscard]] const Answer& of(const BackboneGenome& genome) const { return answers_.at(genome); }
  [[nodiscard]] const std::vector<BackboneGenome>& genomes() const { return genomes_; }
  [[nodiscard]] std::vector<Objectives> points() const {
    std::vector<Objectives> points;
    for (const auto& [genome, answer] : answers_) points.push_back(with_metric(100 - answer.error, answer.costs));
    return points;
  }

 private:
  std::vector<BackboneGenome> genomes_;
  std::map<BackboneGenome, Answer> answers_;
};

/// Both sweeps as one problem.
class Problem {
 public:
  Problem(const Options& options, const std::vector<BackboneSpace>& spaces) : operator_cost_(options.operator_cost) {
    for (std::size_t m = 0; m < 2; ++m) modalities_.emplace_back(options.answers[m], spaces[m]);
    if (modalities_[0].points()[0].size() != modalities_[1].points()[0].size())
      throw InputError("the sweeps have other devices", "give every sweep the same --device");
    const auto macro = options.evolution.macro;
    MacroArchitecture largest = macro.usual;
    for (const int cells : macro.other_cells) largest.cells = std::max(largest.cells, cells);
    for (const int nodes : macro.other_nodes) largest.nodes = std::max(largest.nodes, nodes);
    const auto image = modalities_[0].points(), audio = modalities_[1].points();
    reference_ = fused(worst_point(image), worst_point(audio), largest);
    // Errors and costs of a pair grow with those of either backbone: the best pairs are of both fronts.
    std::vector<Objectives> best;
    const auto images = fronts(image), audios = fronts(audio);
    for (const auto i : images.front())
      for (const auto a : audios.front()) best.push_back(fused(image[i], audio[a], smallest_macro(macro)));
    best_ = hypervolume(best, reference_);
  }

  [[nodiscard]] Objectives backbone(int modality, const BackboneGenome& genome) const {
    return modalities_[static_cast<std::size_t>(modality)].of(genome).costs;
  }
  [[nodiscard]] double backbone_error(int modality, const BackboneGenome& genome) const {
    return modalities_[static_cast<std::size_t>(modality)].of(genome).error;
  }
  /// {error, costs…}, the truth.
  [[nodiscard]] Objectives model(const MultimodalGenome& genome) const {
    std::vector<Objectives> points;
    for (std::size_t m = 0; m < 2; ++m) {
      const auto& answer = modalities_[m].of(genome.backbones[m]);
      points.push_back(with_metric(100 - answer.error, answer.costs));
    }
    return fused(points[0], points[1], genome.macro);
  }
  [[nodiscard]] double share_of_best(const std::vector<Objectives>& truths) const {
    return hypervolume(truths, reference_) / best_;
  }

 private:
  [[nodiscard]] Objectives fused(const Objectives& image, const Objectives& audio, MacroArchitecture macro) const {
    Objectives both = {0.5 * std::sqrt(image[0] * audio[0])};
    for (std::size_t i = 1; i < image.size(); ++i)
      both.push_back(image[i] + audio[i] + operator_cost_ * macro.cells * macro.nodes);
    return both;
  }

  double operator_cost_;
  std::vector<Answers> modalities_;
  Objectives reference_;
  double best_ = 0;
};

/// A genotype that says no more than how large it is.
Genotype genotype_of(MacroArchitecture macro) {
  Genotype genotype;
  genotype.cells.assign(
      static_cast<std::size_t>(macro.cells),
      {0, 1, std::vector<FusionStep>(static_cast<std::size_t>(macro.nodes), FusionStep{"Sum", 0, 1})});
  return genotype;
}

/// The answers of one seed: what is seen of a pair does not depend on who asks, or when.
class Seen {
 public:
  Seen(const Problem& problem, double noise, Seed seed) : problem_(problem), noise_(noise), seed_(seed) {}

  [[nodiscard]] double error(const MultimodalGenome& genome) const {
    std::string text = fmt::format("{} {}", genome.macro.cells, genome.macro.nodes);
    for (const auto& backbone : genome.backbones) text += fmt::format(" {}", to_text(backbone));
    RandomStream random(seed_, "noise", hash64(text));
    return std::clamp(problem_.model(genome)[0] + noise_ * random.normal(), 0.0, 100.0);
  }
  [[nodiscard]] Outcome answer(const Work& work) const {
    if (const auto* backbones = std::get_if<EvaluateBackbones>(&work)) {
      BackboneScores scores;
      for (const auto& genome : backbones->genomes)
        scores.metric.push_back(100 - problem_.backbone_error(backbones->modality, genome));
      return scores;
    }
    if (const auto* search = std::get_if<SearchFusion>(&work)) {
      FusionScores found;
      for (const auto& candidate : search->candidates)
        found.scores.push_back({100 - error(candidate.genome), genotype_of(candidate.genome.macro)});
      return found;
    }
    return TestScore{100 - problem_.model(std::get<TestModel>(work).genome)[0]};
  }

 private:
  const Problem& problem_;
  double noise_;
  Seed seed_;
};

/// A model that was searched for.
struct Tried {
  MultimodalGenome genome;
  double error = 0;  ///< seen, percent
};

/// The models of the program's own search, in the order in which they were asked for.
std::vector<Tried> searched(const Options& options, PairChoice choose, const std::vector<BackboneSpace>& spaces,
                            const Problem& problem, const Seen& seen, Seed seed) {
  const auto wanted = static_cast<std::size_t>(std::ranges::max(options.budgets));
  auto settings = options.evolution;
  settings.choose = choose;
  settings.generations = static_cast<int>(wanted);  // more than enough
  const SearchCosts costs = {[&](int modality, const auto& genome) { return problem.backbone(modality, genome); },
                             [&](const auto& genome, const auto&) {
                               const auto point = problem.model(genome);
                               return ModelCosts{{}, {point.begin() + 1, point.end()}};
                             }};
  Search search(settings, seed, spaces, costs);
  for (auto tasks = search.ask(); !tasks.empty() && search.archive().models().size() < wanted; tasks = search.ask())
    for (const auto& task : tasks) search.tell({task.id, Rank{1}, 1.0, seen.answer(task.work)});
  std::vector<Tried> tried;
  for (const auto& [id, model] : search.archive().models()) tried.push_back({model.genome, 100 - model.metric_val});
  return tried;
}

std::vector<Tried> drawn(const Options& options, const std::vector<BackboneSpace>& spaces, const Seen& seen,
                         Seed seed) {
  RandomStream random(seed, "random pairs");
  std::vector<Tried> tried;
  for (int i = 0; i < std::ranges::max(options.budgets); ++i) {
    MultimodalGenome genome{{}, draw_macro(options.evolution.macro, random)};
    for (const auto& space : spaces) genome.backbones.push_back(canonical(random_genome(space, random)));
    const double error = seen.error(genome);
    tried.push_back({std::move(genome), error});
  }
  return tried;
}

/// Of each seed, as nsga2.py writes them.
std::vector<std::vector<Tried>> read_tried(const std::string& path, const std::vector<BackboneSpace>& spaces) {
  std::vector<std::vector<Tried>> runs;
  try {
    for (const auto& run : read_json(path, "file of tried models")) {
      auto& tried = runs.emplace_back();
      for (const auto& model : run) {
        MultimodalGenome genome{{}, {model.at("cells"), model.at("nodes")}};
        for (std::size_t m = 0; m < 2; ++m)
          genome.backbones.push_back(canonical(parse_genome(model.at("genomes").at(m).get<std::string>(), spaces[m])));
        tried.push_back({std::move(genome), model.at("error")});
      }
    }
  } catch (const nlohmann::json::exception& e) {
    throw InputError(fmt::format("{} is not what nsga2.py writes: {}", path, e.what()),
                     "run tests/bench/nsga2.py again");
  }
  return runs;
}

/// The share of the front of the first `budget` models by what was seen.
double reached(const std::vector<Tried>& tried, std::size_t budget, const Problem& problem) {
  std::vector<Objectives> seen, truths, front;
  for (std::size_t i = 0; i < std::min(budget, tried.size()); ++i) {
    truths.push_back(problem.model(tried[i].genome));
    seen.push_back(truths.back());
    seen.back()[0] = tried[i].error;
  }
  const auto by_seen = fronts(seen);
  for (const auto i : by_seen.front()) front.push_back(truths[i]);
  return problem.share_of_best(front);
}

int run(const Options& options) {
  if (options.answers.size() != 2 || options.spaces.size() != 2)
    throw InputError("two sweeps and two spaces make pairs",
                     "give --answers image.csv --answers audio.csv, and --space twice or not at all");
  if (options.budgets.empty() || std::ranges::min(options.budgets) < 1)
    throw InputError("budgets are numbers of at least 1", "give --budgets 24,48,240");
  std::vector<BackboneSpace> spaces;
  for (const auto& name : options.spaces) spaces.push_back(find_space(name));
  const Problem problem(options, spaces);
  const auto of_nsga2 = options.nsga2.empty() ? std::vector<std::vector<Tried>>{} : read_tried(options.nsga2, spaces);
  if (!options.nsga2.empty() && of_nsga2.size() < static_cast<std::size_t>(options.seeds))
    throw InputError(fmt::format("{} has {} seeds, {} are asked for", options.nsga2, of_nsga2.size(), options.seeds),
                     "give nsga2.py the same --seeds");
  std::vector<std::string> ways = {"model", "evolution", "random"};
  if (!of_nsga2.empty()) ways.emplace_back("nsga2");
  std::map<std::string, std::vector<double>> shares;
  for (int s = 1; s <= options.seeds; ++s) {
    const Seed seed{static_cast<std::uint64_t>(s)};
    const Seen seen(problem, options.noise, seed);
    std::map<std::string, std::vector<Tried>> tried = {
        {"model", searched(options, PairChoice::model, spaces, problem, seen, seed)},
        {"evolution", searched(options, PairChoice::evolution, spaces, problem, seen, seed)},
        {"random", drawn(options, spaces, seen, seed)}};
    if (!of_nsga2.empty()) tried["nsga2"] = of_nsga2[static_cast<std::size_t>(s - 1)];
    for (const auto& way : ways) {
      auto& of_way = shares[way];
      of_way.resize(options.budgets.size());
      for (std::size_t b = 0; b < of_way.size(); ++b)
        of_way[b] += reached(tried.at(way), static_cast<std::size_t>(options.budgets[b]), problem) / options.seeds;
    }
  }
  if (options.json) {
    nlohmann::ordered_json object = {{"budgets", options.budgets}};
    for (const auto& way : ways) object[way] = shares.at(way);
    std::cout << json_text(object) << '\n';
    return 0;
  }
  std::cout << fmt::format("noise {}: share of the best hypervolume, mean of {} seeds\n{:>10}", options.noise,
                           options.seeds, "searches");
  for (const int budget : options.budgets) std::cout << fmt::format("{:>8}", budget);
  for (const auto& way : ways) {
    std::cout << fmt::format("\n{:>10}", way);
    for (const double share : shares.at(way)) std::cout << fmt::format("{:>8.3f}", share);
  }
  std::cout << '\n';
  return 0;
}

}  // namespace
}  // namespace harmonic::bench

int main(int argc, char** argv) {
  using namespace harmonic;
  log::set_level(log::Level::error);
  try {
    if (argc > 1 && std::string_view(argv[1]) == "--alone") return bench::alone({argv + 2, argv + argc});
    bench::Options options;
    OptionSet set("bench_search", bench::kSummary);
    options.declare(set);
    if (set.parse({argv + 1, argv + argc}) == OptionSet::Parsed::help_printed) return 0;
    return bench::run(options);
  } catch (const InputError& e) {
    log::error("{}", e.what());
    return 2;
  } catch (const std::exception& e) {
    log::error("{}", e.what());
    return 1;
  }
}
