#include <algorithm>
#include <limits>
#include <set>

#include <catch2/catch.hpp>

#include "master/search/feasible_pairs.hpp"
#include "master/search/search.hpp"
#include "tests/support/driven_search.hpp"

namespace harmonic {
namespace {

using namespace testing;

/// The first cost of the smallest fake backbones is 1 + 2 * 3 * 3.
constexpr double kSmallest = 19;

double beyond(double cost, double limit) {
  return std::max(0.0, cost / limit - 1);
}

double backbones_cost(const MultimodalGenome& genome) {
  double sum = 0;
  for (const auto& backbone : genome.backbones) sum += fake_costs(backbone)[0];
  return sum;
}

/// Fake costs whose first, of the whole model, has a limit.
SearchCosts limited(double limit) {
  SearchCosts costs{[](int, const BackboneGenome& genome) { return fake_costs(genome); },
                    [limit](const MultimodalGenome& genome, const Genotype& genotype) {
                      auto model = fake_model_costs(genome, genotype);
                      model.violation = beyond(model.objectives[0], limit);
                      return model;
                    }};
  costs.backbone_violation = [limit](int, const BackboneGenome& genome) {
    return beyond(fake_costs(genome)[0] + kSmallest, limit);
  };
  costs.model_violation = [limit](const MultimodalGenome& genome) {
    return beyond(backbones_cost(genome) + genome.macro.cells, limit);
  };
  return costs;
}

EvolutionSettings settings() {
  EvolutionSettings s;
  s.population = 16;
  s.generations = 5;
  return s;
}

TEST_CASE("No fusion is searched for a pair that must be beyond a limit", "[master][search]") {
  const double limit = GENERATE(60.0, 90.0);
  Search search(settings(), Seed{3}, two_spaces(), limited(limit));
  int searches = 0;
  drive(search, [&](const Work& work) {
    if (const auto* fusion = std::get_if<SearchFusion>(&work))
      for (const auto& candidate : fusion->candidates) {
        ++searches;
        CHECK(backbones_cost(candidate.genome) + candidate.genome.macro.cells <= limit);
      }
  });
  CHECK(searches > 20);
  for (const auto id : search.front()) CHECK(search.archive().models().at(id).costs.violation == 0);
}

TEST_CASE("Where nothing keeps within the limits the front is what is beyond by least", "[master][search]") {
  Search search(settings(), Seed{3}, two_spaces(), limited(10));
  drive(search, [](const Work&) {});
  const auto& models = search.archive().models();
  REQUIRE(!models.empty());
  double least = std::numeric_limits<double>::infinity();
  for (const auto& [id, model] : models) least = std::min(least, model.costs.violation);
  REQUIRE(!search.front().empty());
  for (const auto id : search.front()) CHECK(models.at(id).costs.violation == least);
  CHECK(search.archive().hypervolume({100, 1000, 1000}) == 0);
}

TEST_CASE("Limits that nothing reaches change no search", "[master][search]") {
  const SearchCosts free = {[](int, const BackboneGenome& genome) { return fake_costs(genome); }, fake_model_costs};
  Search without(settings(), Seed{5}, two_spaces(), free), with(settings(), Seed{5}, two_spaces(), limited(1e9));
  drive(without, [](const Work&) {});
  drive(with, [](const Work&) {});
  CHECK(without.archive() == with.archive());
  CHECK(without.front() == with.front());
}

TEST_CASE("Pairs within the limits come first, all of them if need be", "[master][search]") {
  const auto image = [](const char* text) { return parse_genome(text, find_space("avmnist-image")); };
  const std::vector<std::vector<BackboneGenome>> survivors = {
      {canonical(image("K=3;E=3;D=2")), canonical(image("K=7;E=6;D=4"))},
      {canonical(image("K=3;E=3;D=2")), canonical(image("K=7;E=6;D=4"))}};
  EvolutionSettings s;
  const auto is_light = [&](const MultimodalGenome& genome) {
    return genome.backbones[0] == survivors[0][0] && genome.backbones[1] == survivors[1][0];
  };
  const auto violation = [&](const MultimodalGenome& genome) {
    return is_light(genome) ? 0.0 : backbones_cost(genome);
  };
  const auto nothing = [](const MultimodalGenome&) { return false; };
  RandomStream random(Seed{1}, "pairs");
  const auto pairs = pair_within_limits(survivors, 12, {}, s, nothing, violation, random);
  CHECK(pairs.size() == 12);  // of 16 macro-architectures
  std::set<MultimodalGenome> distinct;
  for (const auto& pair : pairs) {
    CHECK(is_light(pair.genome));
    CHECK(distinct.insert(pair.genome).second);
  }
  const auto none_left = [&](const MultimodalGenome& genome) { return is_light(genome); };
  const auto beyond_all = pair_within_limits(survivors, 3, {}, s, none_left, violation, random);
  REQUIRE(beyond_all.size() == 3);
  for (const auto& pair : beyond_all) CHECK(backbones_cost(pair.genome) < 200);  // the heavy two are more
}

TEST_CASE("Networks that cannot be had are not evaluated", "[master][search]") {
  auto costs = limited(1e9);
  const GeneChoices choices(find_space("avmnist-image"),
                            [](const Layer& layer) { return layer.position < 0 || layer.kernel == 5; });
  costs.repaired = [&](int, BackboneGenome genome, RandomStream& random) {
    return choices.repaired(std::move(genome), random);
  };
  Search search(settings(), Seed{3}, two_spaces(), costs);
  int evaluated = 0;
  drive(search, [&](const Work& work) {
    if (const auto* backbones = std::get_if<EvaluateBackbones>(&work))
      for (const auto& genome : backbones->genomes) {
        ++evaluated;
        CHECK(choices.allows(genome));
      }
  });
  CHECK(evaluated > 2 * 16);
}

}  // namespace
}  // namespace harmonic
