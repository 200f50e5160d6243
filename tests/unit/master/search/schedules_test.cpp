// Searches whose workers do not wait for whole generations.
#include <map>
#include <set>
#include <utility>

#include <catch2/catch.hpp>

#include "core/base/log.hpp"
#include "core/base/rng.hpp"
#include "master/search/idle_advice.hpp"
#include "master/search/search.hpp"
#include "master/search/steady_search.hpp"
#include "tests/support/driven_search.hpp"

namespace harmonic {
namespace {

using namespace testing;

EvolutionSettings overlapping(int overlap, int generations = 5) {
  EvolutionSettings s;
  s.population = 12;
  s.generations = generations;
  s.overlap = overlap;
  s.late_fusion = false;  // which costs no operator and so leaves little to race for
  return s;
}

EvolutionSettings steady(int generations = 5) {
  auto s = overlapping(0, generations);
  s.schedule = Schedule::steady;
  return s;
}

SearchCosts costs() {
  return {[](int, const BackboneGenome& genome) { return fake_costs(genome); }, fake_model_costs};
}

constexpr int kRetrainings = 3;

Search overlapping_search(int overlap, SearchState state = {}) {
  return {overlapping(overlap), Seed{7}, two_spaces(), costs(), std::move(state), 1, kRetrainings};
}

/// So many workers, each of which gets the next piece of work the moment it is free. They end in an order of chance.
struct Workers {
  int count = 4;
  RandomStream random{Seed{1}, "workers"};
  std::vector<Task> under_way{};
  std::vector<Task> queue{};
  int idle = 0;  ///< times that a worker got nothing while others worked
  std::function<Result(const Task&)> do_task = answer;
  std::function<void(const Task&, const Result&)> hear = [](const Task&, const Result&) {};

  void work_through(Evolution& search) {
    for (queue = search.ask(); !queue.empty(); queue = search.ask()) {
      do {
        fill(search);
        const std::size_t next = random.below(under_way.size());
        const Task task = under_way[next];
        under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(next));
        const auto result = do_task(task);
        search.tell(result);
        hear(task, result);
      } while (!under_way.empty() || !queue.empty());
    }
  }

 private:
  void fill(Evolution& search) {
    while (static_cast<int>(under_way.size()) < count) {
      if (queue.empty()) queue = search.ask_more(count - static_cast<int>(under_way.size()));
      if (queue.empty()) break;
      under_way.push_back(queue.front());
      queue.erase(queue.begin());
    }
    if (static_cast<int>(under_way.size()) < count) ++idle;
  }
};

TEST_CASE("Generations that overlap are the same whatever the number of workers and the order of answers",
          "[master][search][overlap]") {
  for (const int overlap : {1, 2, 4}) {
    auto alone = overlapping_search(overlap);
    Workers{.count = 1}.work_through(alone);
    CHECK(alone.archive().models().size() > 12);
    for (const int count : {3, 17, 200}) {
      auto search = overlapping_search(overlap);
      Workers workers{.count = count, .random = {Seed{2}, "workers", static_cast<std::uint64_t>(count)}};
      workers.work_through(search);
      REQUIRE(search.archive() == alone.archive());
      REQUIRE(search.boundary() == alone.boundary());
    }
  }
}

TEST_CASE("Without an overlap asking for more changes nothing", "[master][search][overlap]") {
  auto whole = overlapping_search(0), more = overlapping_search(0);
  for (auto tasks = whole.ask(); !tasks.empty(); tasks = whole.ask())
    for (const auto& task : tasks) whole.tell(answer(task));
  Workers{.count = 5}.work_through(more);
  CHECK(more.archive() == whole.archive());
}

TEST_CASE("The more generations overlap, the less workers wait", "[master][search][overlap]") {
  const auto idle = [](int overlap) {
    auto search = overlapping_search(overlap);
    Workers workers{.count = 4};
    workers.work_through(search);
    return workers.idle;
  };
  CHECK(idle(2) < idle(0));
}

TEST_CASE("Nothing is asked for twice by generations that overlap", "[master][search][overlap]") {
  auto search = overlapping_search(2);
  std::set<MultimodalGenome> models;
  std::set<std::pair<int, BackboneGenome>> backbones;
  Workers workers{.count = 9};
  workers.hear = [&](const Task& task, const Result&) {
    if (const auto* group = std::get_if<EvaluateBackbones>(&task.work))
      for (const auto& genome : group->genomes) REQUIRE(backbones.emplace(group->modality, canonical(genome)).second);
    if (const auto* fusion = std::get_if<SearchFusion>(&task.work))
      for (const auto& candidate : fusion->candidates) REQUIRE(models.insert(canonical(candidate.genome)).second);
  };
  workers.work_through(search);
  CHECK(models.size() == search.archive().models().size());
}

TEST_CASE("A search with an overlap resumed from any generation is the one that never stopped",
          "[master][search][overlap]") {
  auto whole = overlapping_search(2);
  std::map<int, SearchState> boundaries;
  Workers workers{.count = 6};
  workers.hear = [&](const Task&, const Result&) {
    boundaries.try_emplace(whole.boundary().generation, whole.boundary());
  };
  workers.work_through(whole);
  CHECK(boundaries.size() == 6);
  for (const auto& [generation, boundary] : boundaries) {
    auto resumed = overlapping_search(2, boundary);
    Workers{.count = 3}.work_through(resumed);
    INFO("generation " << generation);
    REQUIRE(resumed.archive() == whole.archive());
  }
}

SteadySearch steady_search(SearchState state = {}, int generations = 5) {
  return {steady(generations), Seed{7}, two_spaces(), costs(), std::move(state), kRetrainings};
}

TEST_CASE("In the steady state a free worker gets something, but at the start and at the end",
          "[master][search][steady]") {
  auto search = steady_search();
  Workers workers{.count = 4};
  workers.work_through(search);
  CHECK(search.phase() == Evolution::Phase::over);
  CHECK(search.archive().models().size() == 5 * 3);  // a quarter of the population is a generation
  // The first populations, the last searches, their race, the tests.
  CHECK(workers.idle < 40);
  for (const auto id : search.front()) CHECK(search.archive().models().at(id).metric_test.has_value());
}

TEST_CASE("A steady search follows from the order of its answers", "[master][search][steady]") {
  const auto run = [](std::uint64_t order) {
    auto search = steady_search();
    Workers workers{.count = 3, .random = {Seed{order}, "order"}};
    workers.work_through(search);
    return search.boundary();
  };
  CHECK(run(1) == run(1));
  CHECK_FALSE(run(1).archive == run(2).archive);
}

TEST_CASE("A steady search is had again from what was finished, in its order", "[master][search][steady]") {
  auto search = steady_search();
  std::vector<std::pair<Work, Result>> journal;
  Workers workers{.count = 3};
  workers.hear = [&](const Task& task, const Result& result) { journal.emplace_back(task.work, result); };
  workers.work_through(search);

  auto again = steady_search();
  for (const auto& [work, result] : journal) again.recall(work, result.outcome, result.seconds);
  CHECK(again.ask().empty());
  CHECK(again.archive() == search.archive());

  SECTION("beside a checkpoint of any moment, too") {
    auto beside = steady_search(search.boundary());
    for (const auto& [work, result] : journal) beside.recall(work, result.outcome, result.seconds);
    CHECK(beside.ask().empty());
    CHECK(beside.archive() == search.archive());
  }
  SECTION("cut off anywhere it goes on, with new numbers for new models") {
    for (std::size_t cut = 0; cut < journal.size(); cut += 7) {
      auto resumed = steady_search();
      std::set<CandidateId> finished;
      for (std::size_t i = 0; i < cut; ++i) {
        resumed.recall(journal[i].first, journal[i].second.outcome, journal[i].second.seconds);
        if (const auto* fusion = std::get_if<SearchFusion>(&journal[i].first))
          for (const auto& candidate : fusion->candidates) finished.insert(candidate.candidate);
      }
      Workers others{.count = 2};
      others.hear = [&](const Task& task, const Result&) {
        if (const auto* fusion = std::get_if<SearchFusion>(&task.work))
          for (const auto& candidate : fusion->candidates) REQUIRE(finished.insert(candidate.candidate).second);
      };
      others.work_through(resumed);
      REQUIRE(resumed.archive().models().size() == 5 * 3);
    }
  }
}

TEST_CASE("A search that failed counts once in a steady search that goes on from a checkpoint and its journal",
          "[master][search][steady]") {
  struct Moment {
    SearchState boundary;
    std::size_t records = 0;  ///< of the journal
    int generation = 0, searched = 0;
  };
  auto whole = steady_search();
  std::vector<std::pair<Work, Result>> journal;
  std::vector<Moment> moments;
  int searched = 0;
  const auto is_search = [](const Task& task) { return std::holds_alternative<SearchFusion>(task.work); };
  Workers workers{.count = 3};
  workers.do_task = [&](const Task& task) -> Result {
    if (!is_search(task) || searched > 0) return answer(task);
    return {task.id, Rank{1}, 0.5, Failure{"not finite", FailureKind::candidate}};
  };
  workers.hear = [&](const Task& task, const Result& result) {
    journal.emplace_back(task.work, result);
    if (!is_search(task)) return;
    moments.push_back({whole.boundary(), journal.size(), whole.generation(), ++searched});
  };
  workers.work_through(whole);
  REQUIRE(whole.archive().failed().size() == 1);
  REQUIRE(searched == 5 * 3);
  for (const auto& [boundary, records, generation, before] : moments) {
    auto resumed = steady_search(boundary);
    for (std::size_t i = 0; i < records; ++i)
      resumed.recall(journal[i].first, journal[i].second.outcome, journal[i].second.seconds);
    INFO(before << " searches had ended");
    CHECK(resumed.generation() == generation);
    int asked = before;
    Workers others{.count = 2};
    others.hear = [&](const Task& task, const Result&) { asked += is_search(task) ? 1 : 0; };
    others.work_through(resumed);
    CHECK(asked == searched);
  }
}

TEST_CASE("A steady search of a space that is used up ends in good order", "[master][search][steady]") {
  log::set_level(log::Level::error);
  auto tiny = find_space("avmnist-image");
  tiny.kernels = {3};
  tiny.expands = {3};
  auto used_up = steady(100);
  used_up.macro.p_other = 0;
  SteadySearch search(used_up, Seed{7}, {tiny, tiny}, costs());
  Workers{.count = 4}.work_through(search);
  CHECK(search.phase() == Evolution::Phase::over);
  CHECK_FALSE(search.front().empty());
  log::set_level(log::Level::info);
}

TEST_CASE("A steady search in which nothing can be done says what failed", "[master][search][steady]") {
  auto search = steady_search();
  const auto fail_everything = [&] {
    for (auto tasks = search.ask(); !tasks.empty(); tasks = search.ask())
      for (const auto& task : tasks) search.tell({task.id, Rank{1}, 0, Failure{"no memory", FailureKind::candidate}});
  };
  CHECK_THROWS_WITH(fail_everything(), Catch::Contains("no memory"));
}

TEST_CASE("Workers that would wait are told of, with what to change", "[master][search]") {
  EvolutionSettings settings;
  settings.pairs = 16;
  const auto advice = idle_advice(settings, 1, 64);
  CHECK_THAT(advice, Catch::Contains("64 workers") && Catch::Contains("16 pieces") && Catch::Contains("--overlap") &&
                         Catch::Contains("--pairs"));
  CHECK(idle_advice(settings, 1, 2).empty());
  settings.pairs = 4096;
  CHECK(idle_advice(settings, 1, 64).empty());
  settings.pairs = 16;
  settings.schedule = Schedule::steady;
  CHECK(idle_advice(settings, 1, 64).empty());
  CHECK(expected_utilisation(128, 63, 2) > expected_utilisation(128, 63, 0));
  CHECK(expected_utilisation(16, 64, 0) <= 0.25);
}

}  // namespace
}  // namespace harmonic
