#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "master/search/search.hpp"
#include "tests/support/driven_search.hpp"

namespace harmonic {
namespace {

using namespace testing;

EvolutionSettings settings(int finetune_epochs = 0) {
  EvolutionSettings s;
  s.population = 16;
  s.generations = 6;
  s.finetune_epochs = finetune_epochs;
  return s;
}

Search make_search(const EvolutionSettings& s, SearchState state = {}) {
  return {s,
          Seed{3},
          {find_space("avmnist-image")},
          {[](int, const BackboneGenome& genome) { return fake_costs(genome); }, fake_model_costs},
          std::move(state)};
}

TEST_CASE("Of one modality every backbone that is evaluated is a model, and nothing is fused", "[master][search]") {
  auto search = make_search(settings());
  std::set<BackboneGenome> evaluated;
  std::size_t tests = 0;
  drive(search, [&](const Work& work) {
    CHECK_FALSE(std::holds_alternative<SearchFusion>(work));
    CHECK_FALSE(std::holds_alternative<RetrainModel>(work));
    if (const auto* backbones = std::get_if<EvaluateBackbones>(&work))
      for (const auto& genome : backbones->genomes) CHECK(evaluated.insert(canonical(genome)).second);
    if (std::holds_alternative<TestModel>(work)) ++tests;
  });
  const auto& models = search.archive().models();
  CHECK(models.size() == evaluated.size());
  CHECK(evaluated.size() > 3 * 16);
  for (const auto& [id, model] : models) {
    CHECK(evaluated.contains(model.genome.backbones.at(0)));
    CHECK(model.metric_val == fake_metric(model.genome.backbones[0]));
    CHECK(model.genotype == Genotype{{}, {}, LateFusion::sum});
    CHECK(model.seconds > 0);
  }
  CHECK(tests == search.front().size());
  for (const auto id : search.front()) CHECK(models.at(id).metric_test.has_value());
}

TEST_CASE("The front of one modality is fine-tuned before it is tested, where that is asked for", "[master][search]") {
  auto search = make_search(settings(/*finetune_epochs=*/3));
  std::set<CandidateId> tuned;
  bool tested = false;
  drive(search, [&](const Work& work) {
    if (const auto* tuning = std::get_if<RetrainModel>(&work)) {
      CHECK_FALSE(tested);
      CHECK(tuned.insert(tuning->candidate).second);
    }
    if (std::holds_alternative<TestModel>(work)) tested = true;
  });
  CHECK(tested);
  for (const auto id : search.front()) {
    CHECK(tuned.contains(id));
    const auto& model = search.archive().models().at(id);
    CHECK(model.retrained == std::vector<double>{model.metric_val});
  }
}

TEST_CASE("A search of one modality goes on from a finished generation as if it had not stopped", "[master][search]") {
  auto whole = make_search(settings());
  drive(whole, [](const Work&) {});
  auto first = make_search(settings());
  for (auto tasks = first.ask(); !tasks.empty() && first.generations_finished() < 3; tasks = first.ask())
    for (const auto& task : tasks) first.tell({task.id, Rank{1}, 0.5, fake_outcome(task.work)});
  auto rest = make_search(settings(), first.boundary());
  drive(rest, [](const Work&) {});
  CHECK(rest.archive() == whole.archive());
}

TEST_CASE("The order of answers changes no search of one modality", "[master][search]") {
  auto forward = make_search(settings()), backward = make_search(settings());
  for (auto tasks = forward.ask(); !tasks.empty(); tasks = forward.ask()) {
    auto others = backward.ask();
    REQUIRE(others == tasks);
    std::ranges::reverse(others);
    for (const auto& task : tasks) forward.tell({task.id, Rank{1}, 0.5, fake_outcome(task.work)});
    for (const auto& task : others) backward.tell({task.id, Rank{2}, 0.5, fake_outcome(task.work)});
  }
  CHECK(forward.archive() == backward.archive());
}

}  // namespace
}  // namespace harmonic
