#include "master/search/progress.hpp"

#include <utility>

#include <catch2/catch.hpp>

#include "master/search/search.hpp"
#include "tests/support/fakes.hpp"

namespace harmonic {
namespace {

using namespace testing;

TEST_CASE("Fusion searches are counted by model, however many travel together", "[master][progress]") {
  EvolutionSettings settings;
  settings.population = 12;
  settings.generations = 2;
  settings.pairs = 5;
  settings.macro.p_other = 0;
  Search search(settings, Seed{7}, {find_space("avmnist-image"), find_space("avmnist-audio")},
                {[](int, const BackboneGenome& genome) { return fake_costs(genome); }, fake_model_costs},
                /*pairs_at_once=*/3);
  Progress progress(settings);
  const WorkerCount workers{.here = 1, .busy = 1};
  const auto tell = [&](const Task& task) {
    const Result result{task.id, Rank{1}, 60, fake_outcome(task.work)};
    search.tell(result);
    progress.told(task, result);
  };
  auto tasks = search.ask();
  progress.batch(search, tasks);
  for (const auto& task : tasks) tell(task);
  tasks = search.ask();
  progress.batch(search, tasks);
  // Late fusion of five pairs, which is not counted, then three models, two models.
  REQUIRE(tasks.size() == 7);
  for (int late = 0; late < 5; ++late) {
    REQUIRE(is_late_fusion(tasks.front().work));
    tell(tasks.front());
    tasks.erase(tasks.begin());
  }
  CHECK_THAT(progress.line(search, workers).text, Catch::Contains("fusion 0/5  models 0/10"));
  tell(tasks.front());
  CHECK_THAT(progress.line(search, workers).text, Catch::Contains("fusion 3/5  models 3/10"));
  // What is done of the two that run counts, in the time left too: 20 s a model.
  CHECK_THAT(progress.line(search, {.here = 1, .busy = 1, .parts_under_way = 1.5}).text,
             Catch::Contains("fusion 4.5/5  models 3/10"));
  const Result failed{tasks.back().id, Rank{1}, 60, Failure{"no memory"}};
  search.tell(failed);
  progress.told(tasks.back(), failed);
  CHECK_THAT(progress.line(search, workers).text, Catch::Contains("fusion 5/5  models 3/10"));
}

TEST_CASE("A steady search has no searches beyond those of its generations", "[master][progress]") {
  EvolutionSettings settings;
  settings.population = 12;
  settings.generations = 2;
  for (const auto& [schedule, models] : {std::pair{Schedule::generational, 2 * 3 + 2}, {Schedule::steady, 2 * 3}}) {
    settings.schedule = schedule;
    const Search search(settings, Seed{7}, {find_space("avmnist-image"), find_space("avmnist-audio")},
                        {[](int, const BackboneGenome& genome) { return fake_costs(genome); }, fake_model_costs});
    CHECK_THAT(Progress(settings).line(search, {}).text, Catch::Contains(fmt::format("models 0/{} ", models)));
  }
}

TEST_CASE("The time left of the last tests is that of tests, and unknown before one is done", "[master][progress]") {
  EvolutionSettings settings;
  settings.population = 12;
  settings.generations = 1;
  settings.late_fusion = false;
  Search search(settings, Seed{7}, {find_space("avmnist-image"), find_space("avmnist-audio")},
                {[](int, const BackboneGenome& genome) { return fake_costs(genome); }, fake_model_costs},
                /*pairs_at_once=*/1, /*most_retrainings=*/3);
  Progress progress(settings);
  const WorkerCount workers{.here = 1, .busy = 1};
  const auto tell = [&](const Task& task, double seconds) {
    const Result result{task.id, Rank{1}, seconds, fake_outcome(task.work)};
    search.tell(result);
    progress.told(task, result);
  };
  auto tasks = search.ask();
  bool retrained = false;
  for (; !tasks.empty() && search.phase() != Search::Phase::test; tasks = search.ask()) {
    progress.batch(search, tasks);
    if (search.phase() == Search::Phase::retraining && !std::exchange(retrained, true))
      CHECK_FALSE(progress.line(search, workers).seconds_left);  // no retraining has been seen yet
    for (const auto& task : tasks) tell(task, 60);
  }
  REQUIRE(retrained);
  REQUIRE(tasks.size() > 1);
  progress.batch(search, tasks);
  CHECK_FALSE(progress.line(search, workers).seconds_left);
  tell(tasks.front(), 2);
  CHECK(progress.line(search, workers).seconds_left.value() == Approx(2.0 * static_cast<double>(tasks.size() - 1)));
  for (std::size_t i = 1; i < tasks.size(); ++i) tell(tasks[i], 2);
  CHECK(search.ask().empty());
  CHECK(progress.line(search, workers).seconds_left.value_or(0) == 0);
}

}  // namespace
}  // namespace harmonic
