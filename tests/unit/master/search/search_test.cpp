#include "master/search/search.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "tests/support/driven_search.hpp"

namespace harmonic {
namespace {

using namespace testing;

EvolutionSettings settings(int generations = 4) {
  EvolutionSettings s;
  s.population = 12;
  s.generations = generations;
  return s;
}

SearchCosts costs() {
  return {[](int, const BackboneGenome& genome) { return fake_costs(genome); }, fake_model_costs};
}

Search make_search(int generations = 4, std::uint64_t seed = 7) {
  return {settings(generations), Seed{seed}, two_spaces(), costs(), /*pairs_at_once=*/1, /*most_retrainings=*/3};
}

/// Without late fusion, which costs no operator and so leaves little to race for.
EvolutionSettings racing() {
  auto s = settings();
  s.late_fusion = false;
  return s;
}

Search make_race(SearchState state = {}) {
  return {racing(), Seed{7}, two_spaces(), costs(), std::move(state), /*pairs_at_once=*/1, /*most_retrainings=*/3};
}

/// Few macro-architectures, so that pairs have company.
EvolutionSettings sociable(int generations = 4) {
  auto s = settings(generations);
  s.pairs = 7;
  s.macro.other_cells = {1};
  s.macro.other_nodes = {2};
  return s;
}

/// Answers everything until the search is over; hears of every batch first.
template <class Hear>
void drive(Search& search, const Hear& hear) {
  for (auto tasks = search.ask(); !tasks.empty(); tasks = search.ask()) {
    hear(tasks);
    for (const auto& task : tasks) search.tell(answer(task));
  }
}
void drive(Search& search) {
  drive(search, [](const auto&) {});
}

TEST_CASE("The order of answers does not change what the search asks next", "[master][search]") {
  auto forward = make_search(), backward = make_search();
  RandomStream random(Seed{1}, "order");
  for (auto tasks = forward.ask(); !tasks.empty(); tasks = forward.ask()) {
    auto others = backward.ask();
    REQUIRE(others == tasks);
    random.shuffle(others);
    for (const auto& task : tasks) forward.tell(answer(task));
    for (const auto& task : others) backward.tell(answer(task));
  }
  CHECK(backward.ask().empty());
  CHECK(forward.archive() == backward.archive());
  CHECK(forward.boundary() == backward.boundary());
}

TEST_CASE("The same seed gives the same search, another seed another", "[master][search]") {
  auto one = make_search(2, 1), again = make_search(2, 1), other = make_search(2, 2);
  drive(one);
  drive(again);
  drive(other);
  CHECK(one.archive() == again.archive());
  CHECK_FALSE(one.archive() == other.archive());
}

TEST_CASE("Nothing is evaluated twice", "[master][search]") {
  auto search = make_search(6);
  std::set<std::pair<int, BackboneGenome>> backbones;
  std::set<MultimodalGenome> models;
  std::set<CandidateId> candidates;
  std::set<TaskId> ids;
  drive(search, [&](const std::vector<Task>& tasks) {
    for (const auto& task : tasks) {
      CHECK(ids.insert(task.id).second);
      if (const auto* work = std::get_if<EvaluateBackbones>(&task.work))
        for (const auto& genome : work->genomes) CHECK(backbones.emplace(work->modality, canonical(genome)).second);
      if (const auto* work = std::get_if<SearchFusion>(&task.work)) {
        CHECK(work->candidates.size() == (is_late_fusion(task.work) ? kLateFusions.size() : 1));
        for (const auto& candidate : work->candidates) {
          CHECK(models.insert(canonical(candidate.genome)).second);
          CHECK(candidates.insert(candidate.candidate).second);
        }
      }
    }
  });
  CHECK(models.size() == search.archive().models().size());
}

TEST_CASE("What has not been answered is listed again, and answers to other tasks are ignored", "[master][search]") {
  auto search = make_search();
  const auto tasks = search.ask();
  REQUIRE(tasks.size() > 2);
  search.tell(answer(tasks.front()));
  search.tell(answer(tasks.front()));
  search.tell({TaskId{999'999}, Rank{1}, 0, TestScore{1}});
  CHECK(search.ask() == std::vector(tasks.begin() + 1, tasks.end()));
}

TEST_CASE("The best are never lost", "[master][search]") {
  Search search(settings(6), Seed{7}, two_spaces(), costs());  // each is retrained once: no metric changes
  double best = 0;
  int boundaries = 0;
  drive(search, [&](const auto&) {
    const auto& state = search.boundary();
    if (state.generation == boundaries) return;
    boundaries = state.generation;
    double parents_best = 0;
    for (const auto id : state.parents) parents_best = std::max(parents_best, state.archive.models().at(id).metric_val);
    double archive_best = 0;
    for (const auto& [id, model] : state.archive.models())  // a late fusion is no parent
      if (model.genome.macro.cells > 0) archive_best = std::max(archive_best, model.metric_val);
    CHECK(parents_best == archive_best);
    CHECK(parents_best >= best);
    best = parents_best;
  });
  CHECK(boundaries == 6);
  const auto front = search.front();
  CHECK(std::ranges::any_of(front, [&](auto id) { return search.archive().models().at(id).metric_val >= best; }));
}

TEST_CASE("The front dominates or equals every model, and nothing in it is dominated", "[master][search]") {
  auto search = make_search();
  drive(search);
  const auto front = search.front();
  for (const auto& [id, model] : search.archive().models()) {
    const bool inside = std::ranges::count(front, id) > 0;
    const bool dominated = std::ranges::any_of(search.archive().models(), [&](const auto& other) {
      return dominates(other.second.objectives, model.objectives);
    });
    CHECK(inside != dominated);
  }
}

TEST_CASE("Test is read once, at the end, for the front only", "[master][search]") {
  auto search = make_search();
  std::vector<CandidateId> tested;
  bool over = false;
  drive(search, [&](const std::vector<Task>& tasks) {
    CHECK_FALSE(over);
    for (const auto& task : tasks)
      if (const auto* work = std::get_if<TestModel>(&task.work)) {
        tested.push_back(work->candidate);
        CHECK(work->genotype == search.archive().models().at(work->candidate).genotype);
        over = true;
      }
  });
  CHECK(tested == search.front());
  for (const auto& [id, model] : search.archive().models())
    CHECK(model.metric_test.has_value() == (std::ranges::count(tested, id) > 0));
}

TEST_CASE("A test metric that the fusion search itself reports is not asked for again", "[master][search]") {
  auto search = make_search();
  for (auto tasks = search.ask(); !tasks.empty(); tasks = search.ask())
    for (const auto& task : tasks) {
      CHECK_FALSE((std::holds_alternative<TestModel>(task.work) || std::holds_alternative<RetrainModel>(task.work)));
      auto outcome = fake_outcome(task.work);
      if (auto* found = std::get_if<FusionScores>(&outcome))
        for (auto& score : found->scores) score.metric_test = 75;
      search.tell({task.id, Rank{1}, 1.0, outcome});
    }
  CHECK_FALSE(search.front().empty());
  for (const auto& [id, model] : search.archive().models()) CHECK(model.metric_test == 75);
}

TEST_CASE("A search resumed from any generation is the search that never stopped", "[master][search]") {
  auto whole = make_search(5);
  std::vector<SearchState> boundaries;
  drive(whole, [&](const auto&) {
    if (boundaries.empty() || boundaries.back().generation != whole.boundary().generation)
      boundaries.push_back(whole.boundary());
  });
  CHECK(boundaries.size() == 6);
  for (const auto& boundary : boundaries) {
    Search resumed(settings(5), Seed{7}, two_spaces(), costs(), boundary, 1, 3);
    drive(resumed);
    CHECK(resumed.archive() == whole.archive());
  }
}

TEST_CASE("The boundary is that of the last finished generation, however far the next one is", "[master][search]") {
  auto search = make_search(3);
  std::optional<SearchState> boundary;
  int mid_generation = 0;
  for (auto tasks = search.ask(); !tasks.empty(); tasks = search.ask()) {
    if (!boundary || boundary->generation != search.generations_finished()) boundary = search.boundary();
    int told = 0;
    for (const auto& task : tasks) {
      search.tell(++told % 5 == 0 ? Result{task.id, Rank{1}, 0.5, Failure{"no memory"}} : answer(task));
      if (search.generations_finished() != boundary->generation) continue;
      ++mid_generation;
      REQUIRE(search.boundary() == *boundary);
    }
  }
  CHECK(mid_generation > 50);
}

TEST_CASE("Where a model chooses the pairs, neither the order of answers nor a resume changes the search",
          "[master][search]") {
  auto chosen = settings(4);
  chosen.choose = PairChoice::model;
  Search forward(chosen, Seed{7}, two_spaces(), costs()), backward(chosen, Seed{7}, two_spaces(), costs());
  std::vector<SearchState> boundaries;
  for (auto tasks = forward.ask(); !tasks.empty(); tasks = forward.ask()) {
    if (boundaries.empty() || boundaries.back().generation != forward.boundary().generation)
      boundaries.push_back(forward.boundary());
    auto others = backward.ask();
    REQUIRE(others == tasks);
    std::ranges::reverse(others);
    for (const auto& task : tasks) forward.tell(answer(task));
    for (const auto& task : others) backward.tell(answer(task));
  }
  CHECK(forward.archive() == backward.archive());
  CHECK(std::ranges::any_of(forward.archive().models(),
                            [](const auto& model) { return model.second.predicted.has_value(); }));
  CHECK(boundaries.size() == 5);
  for (const auto& boundary : boundaries) {
    Search resumed(chosen, Seed{7}, two_spaces(), costs(), boundary);
    drive(resumed);
    CHECK(resumed.archive() == forward.archive());
  }
}

TEST_CASE("Where a model chooses the pairs, many more backbones are evaluated, none twice", "[master][search]") {
  auto chosen = settings(3);
  chosen.choose = PairChoice::model;
  Search by_model(chosen, Seed{7}, two_spaces(), costs());
  auto by_evolution = make_search(3);
  const auto evaluated = [](Search& search) {
    std::multiset<std::pair<int, BackboneGenome>> genomes;
    drive(search, [&](const std::vector<Task>& tasks) {
      for (const auto& task : tasks)
        if (const auto* work = std::get_if<EvaluateBackbones>(&task.work))
          for (const auto& genome : work->genomes) genomes.emplace(work->modality, canonical(genome));
    });
    CHECK(std::set(genomes.begin(), genomes.end()).size() == genomes.size());
    return genomes.size();
  };
  CHECK(evaluated(by_model) > 4 * evaluated(by_evolution));
  const auto searched = [](const Search& search) {
    return std::ranges::count_if(search.archive().models(),
                                 [](const auto& m) { return m.second.genome.macro.cells > 0; });
  };
  CHECK(searched(by_model) == searched(by_evolution));
}

TEST_CASE("A finished search that goes on for longer is the longer search", "[master][search]") {
  auto brief = make_search(2), longer = make_search(4);
  drive(brief);
  drive(longer);
  Search continued(settings(4), Seed{7}, two_spaces(), costs(), brief.boundary(), 1, 3);
  drive(continued);
  CHECK(continued.archive() == longer.archive());
}

TEST_CASE("Work that fails leaves its genomes out, and is not asked for again", "[master][search]") {
  auto search = make_search(4);
  std::set<MultimodalGenome> failed;
  std::set<BackboneGenome> failed_backbones;
  for (auto tasks = search.ask(); !tasks.empty(); tasks = search.ask()) {
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const auto* search_fusion = std::get_if<SearchFusion>(&tasks[i].work);
      const auto* fusion = search_fusion == nullptr ? nullptr : &search_fusion->candidates.at(0);
      const auto* backbones = std::get_if<EvaluateBackbones>(&tasks[i].work);
      const bool alone = parts_of(tasks[i].work) == 1;  // else its parts are asked for again
      if (fusion != nullptr) CHECK_FALSE(failed.contains(fusion->genome));
      if (fusion != nullptr) CHECK_FALSE(failed_backbones.contains(fusion->genome.backbones[0]));
      if (i % 3 != 0) {
        search.tell(answer(tasks[i]));
        continue;
      }
      if (fusion != nullptr && alone) failed.insert(fusion->genome);
      if (backbones != nullptr && backbones->modality == 0)
        failed_backbones.insert(backbones->genomes.begin(), backbones->genomes.end());
      if (backbones != nullptr && backbones->modality == 1) {
        search.tell(answer(tasks[i]));
      } else {
        search.tell({tasks[i].id, Rank{1}, 0, Failure{"out of memory"}});
      }
    }
  }
  CHECK_FALSE(failed.empty());
  CHECK_FALSE(failed_backbones.empty());
  for (const auto& [id, model] : search.archive().models()) CHECK_FALSE(failed.contains(model.genome));
  CHECK(search.archive().failed() == failed);
}

TEST_CASE("When everything fails the error says what failed last", "[master][search]") {
  auto search = make_search();
  for (const auto& task : search.ask()) search.tell({task.id, Rank{1}, 0, Failure{"out of memory"}});
  try {
    (void)search.ask();
    FAIL("no error");
  } catch (const RunError& e) {
    CHECK(std::string(e.what()).find("out of memory") != std::string::npos);
  }
}

TEST_CASE("A fixed text backbone is scored once and takes part in every model", "[master][search]") {
  Search search(settings(3), Seed{7}, {find_space("harmp-image"), find_space("maxout")}, costs());
  int maxout_tasks = 0;
  drive(search, [&](const std::vector<Task>& tasks) {
    for (const auto& task : tasks)
      if (const auto* work = std::get_if<EvaluateBackbones>(&task.work)) maxout_tasks += work->modality;
  });
  CHECK(maxout_tasks == 1);
  CHECK_FALSE(search.archive().models().empty());
  for (const auto& [id, model] : search.archive().models()) CHECK(model.genome.backbones.at(1) == BackboneGenome{});
}

TEST_CASE("Three modalities are searched together: every model has one backbone of each", "[master][search]") {
  const std::vector<BackboneSpace> spaces = {find_space("avmnist-image"), find_space("avmnist-audio"),
                                             find_space("harmp-image")};
  Search search(settings(3), Seed{2}, spaces, costs());
  std::set<int> modalities;
  drive(search, [&](const auto& tasks) {
    for (const auto& task : tasks)
      if (const auto* work = std::get_if<EvaluateBackbones>(&task.work)) modalities.insert(work->modality);
  });
  CHECK(modalities == std::set{0, 1, 2});
  REQUIRE(search.archive().models().size() > 6);
  std::set<BackboneGenome> third;
  for (const auto& [id, model] : search.archive().models()) {
    REQUIRE(model.genome.backbones.size() == 3);
    for (std::size_t m = 0; m < 3; ++m) CHECK_NOTHROW(check_genome(model.genome.backbones[m], spaces[m]));
    third.insert(model.genome.backbones[2]);
  }
  CHECK(third.size() > 1);
  for (const auto id : search.front()) CHECK(search.archive().models().at(id).metric_test.has_value());
}

TEST_CASE("A warm child starts from the architecture of a parent with its macro-architecture", "[master][search]") {
  auto search = make_search();
  int warm = 0;
  drive(search, [&](const auto& tasks) {
    for (const auto& task : tasks) {
      const auto* work = std::get_if<SearchFusion>(&task.work);
      if (work == nullptr || work->candidates.at(0).start.empty()) continue;
      const auto& child = work->candidates[0];
      ++warm;
      const auto& parents = search.boundary().parents;
      CHECK(std::ranges::any_of(parents, [&](const auto id) {
        const auto& parent = search.archive().models().at(id);
        return parent.architecture == child.start && parent.genome.macro == child.genome.macro;
      }));
    }
  });
  CHECK(warm > 0);
  // Where no architecture is told, none is passed on.
  auto cold = make_search();
  for (auto tasks = cold.ask(); !tasks.empty(); tasks = cold.ask())
    for (const auto& task : tasks) {
      if (const auto* work = std::get_if<SearchFusion>(&task.work)) CHECK(work->candidates.at(0).start.empty());
      auto result = answer(task);
      if (auto* found = std::get_if<FusionScores>(&result.outcome)) found->scores.at(0).architecture.clear();
      cold.tell(result);
    }
}

TEST_CASE("Pairs of one macro-architecture travel together, and each score is told to its own model",
          "[master][search]") {
  Search alone(sociable(), Seed{7}, two_spaces(), costs());
  Search together(sociable(), Seed{7}, two_spaces(), costs(), /*pairs_at_once=*/3);
  drive(alone);
  std::map<CandidateId, double> seconds;
  std::size_t largest = 0;
  drive(together, [&](const auto& tasks) {
    for (const auto& task : tasks)
      if (const auto* work = std::get_if<SearchFusion>(&task.work)) {
        largest = std::max(largest, work->candidates.size());
        for (const auto& [candidate, genome, start, trial] : work->candidates) {
          if (!is_late_fusion(task.work)) CHECK(genome.macro == work->candidates[0].genome.macro);
          seconds[candidate] = 0.5 / static_cast<double>(work->candidates.size());
        }
      }
  });
  CHECK(largest == 3);
  REQUIRE(together.archive().models().size() == alone.archive().models().size());
  CHECK(together.front() == alone.front());
  for (auto [id, model] : together.archive().models()) {
    CHECK(model.seconds == seconds.at(id));
    model.seconds = alone.archive().models().at(id).seconds;
    CHECK(model == alone.archive().models().at(id));
  }
}

TEST_CASE("A search of several pairs at once resumed from any generation is the one that never stopped",
          "[master][search]") {
  Search whole(sociable(), Seed{7}, two_spaces(), costs(), 3);
  std::vector<SearchState> boundaries;
  drive(whole, [&](const auto&) {
    if (boundaries.empty() || boundaries.back().generation != whole.boundary().generation)
      boundaries.push_back(whole.boundary());
  });
  CHECK(boundaries.size() == 5);
  for (const auto& boundary : boundaries) {
    Search resumed(sociable(), Seed{7}, two_spaces(), costs(), boundary, 3);
    drive(resumed);
    CHECK(resumed.archive() == whole.archive());
  }
}

TEST_CASE("Of several pairs that fail at once each is tried alone; what fails alone is not scored",
          "[master][search]") {
  Search search(sociable(), Seed{7}, two_spaces(), costs(), 3);
  std::set<CandidateId> in_groups, failed;
  for (auto tasks = search.ask(); !tasks.empty(); tasks = search.ask())
    for (const auto& task : tasks) {
      const auto* work = std::get_if<SearchFusion>(&task.work);
      const bool group = work != nullptr && work->candidates.size() > 1;
      if (group)
        for (const auto& candidate : work->candidates) CHECK(in_groups.insert(candidate.candidate).second);
      const bool fails = group || (work != nullptr && work->candidates[0].candidate.value % 4 == 0);
      if (fails && !group) failed.insert(work->candidates[0].candidate);
      search.tell(fails ? Result{task.id, Rank{1}, 0, Failure{"out of memory"}} : answer(task));
    }
  CHECK(in_groups.size() > 4);
  CHECK(failed.size() > 1);
  CHECK(search.archive().failed().size() == failed.size());
  for (const auto id : in_groups) CHECK(search.archive().models().contains(id) != failed.contains(id));
}

TEST_CASE("Every kind of late fusion is scored once for every combination of backbones that is looked at",
          "[master][search]") {
  auto search = make_search();
  drive(search);
  std::map<std::vector<BackboneGenome>, std::multiset<LateFusion>> kinds;
  std::set<std::vector<BackboneGenome>> searched;
  for (const auto& [id, model] : search.archive().models()) {
    if (model.genotype.late != LateFusion::none) kinds[model.genome.backbones].insert(model.genotype.late);
    if (model.genome.macro.cells > 0) searched.insert(model.genome.backbones);
  }
  CHECK(kinds.size() == searched.size());
  for (const auto& backbones : searched)
    CHECK(kinds[backbones] == std::multiset{LateFusion::sum, LateFusion::logits, LateFusion::maps});
}

TEST_CASE("Late fusion changes nothing of what evolution asks for", "[master][search]") {
  auto without = settings();
  without.late_fusion = false;
  Search plain(without, Seed{7}, two_spaces(), costs());
  Search with_late(settings(), Seed{7}, two_spaces(), costs());
  drive(plain);
  drive(with_late);
  const auto searched = [](const Search& search) {
    std::set<MultimodalGenome> genomes;
    for (const auto& [id, model] : search.archive().models())
      if (model.genome.macro.cells > 0) genomes.insert(model.genome);
    return genomes;
  };
  CHECK(searched(plain) == searched(with_late));
  CHECK(searched(plain).size() == plain.archive().models().size());
}

TEST_CASE(
    "Rounds of retrainings follow the fusion searches of a generation, each repeat of a model once, up to the limit",
    "[master][search]") {
  auto search = make_race();
  std::map<CandidateId, int> repeats;
  int rounds = 0;
  drive(search, [&](const std::vector<Task>& tasks) {
    const bool race = search.phase() == Search::Phase::retraining;
    rounds += race ? 1 : 0;
    for (const auto& task : tasks) {
      const auto* work = std::get_if<RetrainModel>(&task.work);
      REQUIRE((work != nullptr) == race);
      if (!race) continue;
      CHECK(work->repeat == ++repeats[work->candidate]);
      CHECK(work->repeat < 3);
      const auto& model = search.archive().models().at(work->candidate);
      CHECK(work->genome == model.genome);
      CHECK(work->genotype == model.genotype);
    }
  });
  CHECK(rounds > 3);
  REQUIRE(repeats.size() > 3);
  CHECK(repeats.size() < search.archive().models().size());
  for (const auto& [id, model] : search.archive().models())
    CHECK(model.retrained.size() == 1 + static_cast<std::size_t>(repeats[id]));
}

TEST_CASE("Each model is retrained once where that is the limit", "[master][search]") {
  Search search(settings(), Seed{7}, two_spaces(), costs());
  drive(search, [&](const auto&) { CHECK(search.phase() != Search::Phase::retraining); });
  for (const auto& [id, model] : search.archive().models()) CHECK(model.retrained.size() == 1);
}

TEST_CASE("A search cut off in the middle of a race is, followed again, the one that never stopped",
          "[master][search]") {
  auto whole = make_race();
  drive(whole);
  auto cut = make_race();
  int races = 0;
  for (auto tasks = cut.ask(); races < 4; tasks = cut.ask()) {
    races += cut.phase() == Search::Phase::retraining ? 1 : 0;
    for (std::size_t i = 0; i < tasks.size() && (races < 4 || i < tasks.size() / 2); ++i) cut.tell(answer(tasks[i]));
  }
  const auto boundary = cut.boundary();
  REQUIRE(boundary.generation > 0);
  for (const auto& [id, model] : boundary.archive.models()) CHECK(id.value < boundary.next_candidate);
  Search resumed = make_race(boundary);
  drive(resumed);
  CHECK(resumed.archive() == whole.archive());
}

TEST_CASE("A model whose retraining fails has those that it had, and the race goes on without it", "[master][search]") {
  auto search = make_race();
  std::map<CandidateId, std::set<int>> failed;  // by generation
  for (auto tasks = search.ask(); !tasks.empty(); tasks = search.ask())
    for (const auto& task : tasks) {
      const auto* work = std::get_if<RetrainModel>(&task.work);
      const bool fails = work != nullptr && work->candidate.value % 2 == 0;
      if (fails) CHECK(failed[work->candidate].insert(search.generation()).second);
      search.tell(fails ? Result{task.id, Rank{1}, 0, Failure{"not finite"}} : answer(task));
    }
  REQUIRE(failed.size() > 1);
  for (const auto& [id, generations] : failed) CHECK(search.archive().models().at(id).retrained.size() == 1);
  CHECK(search.boundary().generation == 4);
}

TEST_CASE("A space that is used up ends the search in good order", "[master][search]") {
  auto tiny = find_space("avmnist-image");
  tiny.kernels = {3};
  tiny.expands = {3, 4};
  tiny.depths = {2};
  auto used_up = settings(8);
  used_up.choose = GENERATE(PairChoice::evolution, PairChoice::model);
  Search search(used_up, Seed{7}, {tiny, tiny}, costs());
  drive(search);
  CHECK(search.boundary().generation == 8);
  CHECK_FALSE(search.front().empty());
}

}  // namespace
}  // namespace harmonic
