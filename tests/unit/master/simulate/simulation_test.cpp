#include "master/simulate/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/known_keys.hpp"
#include "core/space/variation.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "core/storage/curves.hpp"
#include "core/work/run_hash.hpp"
#include "master/simulate/made_up_answers.hpp"
#include "master/simulate/virtual_workers.hpp"
#include "master/simulate/work_durations.hpp"
#include "tests/support/captured_stdout.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/tiny_run.hpp"

namespace harmonic {
namespace {

using namespace testing;

SimulateSettings settings_in(const TemporaryFolder& folder) {
  SimulateSettings settings;
  settings.run = tiny_run(folder.path());
  settings.run.json = true;
  settings.run.fusion.retrain_repeats = 2;
  settings.run.evolution.pairs = 6;
  settings.durations = "lognormal:60,0.5";
  settings.virtual_time = true;
  settings.workers = 5;
  return settings;
}

struct Simulated {
  ExitCode code = ExitCode::failed;
  nlohmann::json json;
  std::string mistake;
  int answered = 0;
};

/// In virtual time. Stops after so many answers.
Simulated simulate(SimulateSettings settings, int stop_after = 1'000'000) {
  log::set_level(log::Level::error);
  const MadeUpAnswers answers(settings);
  const WorkDurations durations(settings.durations, Seed{settings.run.seed});
  int answered = 0;
  VirtualWorkers workers(
      settings.workers, run_fingerprint(settings.searched()),
      [&](const Work& work) {
        ++answered;
        return answers.answer(work);
      },
      [&](const Work& work) { return durations.of(work); });
  RunHooks hooks;
  workers.set(hooks);
  hooks.stop = [&] { return answered >= stop_after; };
  settings.run.grace_s = 0;
  Simulated simulated;
  const auto out = captured_stdout([&] {
    try {
      simulated.code = run_simulation(settings, workers, hooks, [&] { return workers.own_cpu_s(); });
    } catch (const InputError& e) {
      simulated.code = ExitCode::bad_input;
      simulated.mistake = e.what();
    }
  });
  if (simulated.code == ExitCode::done) simulated.json = nlohmann::json::parse(out);
  simulated.answered = answered;
  log::set_level(log::Level::info);
  return simulated;
}

std::string file_of(const SimulateSettings& settings, const std::string& name) {
  return read_file(std::filesystem::path(settings.run.run) / name);
}

TEST_CASE("A simulation is a whole run, and says what it measured", "[master][simulate]") {
  const TemporaryFolder folder;
  const auto settings = settings_in(folder);
  const auto simulated = simulate(settings);
  const auto& json = simulated.json;
  REQUIRE(simulated.code == ExitCode::done);
  CHECK(json.at("ranks") == 6);
  CHECK(json.at("candidates") == 3 * 6);
  CHECK(json.at("wall_s").get<double>() > 60);
  CHECK(json.at("utilisation").get<double>() > json.at("static_utilisation").get<double>());
  CHECK(json.at("utilisation").get<double>() <= 1);
  CHECK(json.at("master_ms_per_candidate").get<double>() > 0);
  CHECK(json.at("virtual_time") == true);
  for (const auto* name : {"journal", "checkpoint.h5", "candidates.csv", "front.csv", "status.json", "config.cfg"})
    CHECK(std::filesystem::exists(std::filesystem::path(settings.run.run) / name));
}

TEST_CASE("Of one modality what is evaluated is counted, and no less than was asked for", "[master][simulate]") {
  const TemporaryFolder folder;
  auto settings = settings_in(folder);
  settings.run.modalities.resize(1);  // 12 backbones, of which 3 survive a generation
  settings.candidates = 22;
  const auto simulated = simulate(settings);
  REQUIRE(simulated.code == ExitCode::done);
  CHECK(simulated.json.at("candidates") == 12 + 2 * 9);
  CHECK(simulated.json.at("utilisation").get<double>() > 0);
  CHECK(simulated.json.at("static_utilisation").get<double>() > 0);
}

TEST_CASE("A steady simulation makes as many searches as were asked for", "[master][simulate]") {
  const TemporaryFolder folder;
  auto settings = settings_in(folder);
  settings.run.evolution.schedule = Schedule::steady;
  settings.run.evolution.pairs = 0;
  settings.candidates = 9;  // of 3 a generation
  CHECK(simulate(settings).json.at("candidates") == 9);
}

TEST_CASE("A simulation without a run directory leaves nothing behind", "[master][simulate]") {
  const TemporaryFolder folder;
  auto settings = settings_in(folder);
  settings.run.run.clear();
  settings.candidates = 7;
  const auto simulated = simulate(settings);
  CHECK(simulated.code == ExitCode::done);
  CHECK(simulated.json.at("candidates") == 12);  // whole generations of six
}

TEST_CASE("A simulation finds the same on any number of workers, generations overlapping or not",
          "[master][simulate]") {
  for (const int overlap : {0, 2}) {
    const TemporaryFolder folder;
    auto settings = settings_in(folder);
    settings.run.evolution.overlap = overlap;
    REQUIRE(simulate(settings).code == ExitCode::done);
    const auto candidates = file_of(settings, "candidates.csv"), front = file_of(settings, "front.csv");
    for (const int workers : {1, 40}) {
      auto others = settings;
      others.run.run += fmt::format(" {}", workers);
      others.workers = workers;
      REQUIRE(simulate(others).code == ExitCode::done);
      CHECK(file_of(others, "candidates.csv") == candidates);  // seconds too: durations are the work's
      CHECK(file_of(others, "front.csv") == front);
    }
  }
}

TEST_CASE("A simulation stopped anywhere and resumed on any number of workers is the one that was not",
          "[master][simulate]") {
  for (const int overlap : {0, 2}) {
    const TemporaryFolder folder;
    auto settings = settings_in(folder);
    settings.run.evolution.overlap = overlap;
    REQUIRE(simulate(settings).code == ExitCode::done);
    const auto candidates = file_of(settings, "candidates.csv"), front = file_of(settings, "front.csv");
    RandomStream random(Seed{5}, "stops");
    for (int round = 0; round < 6; ++round) {
      auto cut = settings;
      cut.run.run += fmt::format(" {}", round);
      auto last = ExitCode::stopped;
      for (int job = 0; last == ExitCode::stopped; ++job) {
        REQUIRE(job < 100);
        cut.workers = 1 + static_cast<int>(random.below(8));
        last = simulate(cut, 1 + static_cast<int>(random.below(30))).code;
        cut.run.resume = true;
      }
      REQUIRE(last == ExitCode::done);
      CHECK(file_of(cut, "candidates.csv") == candidates);
      CHECK(file_of(cut, "front.csv") == front);
    }
  }
}

TEST_CASE("A steady simulation keeps its workers busy, and stopped goes on from its journal", "[master][simulate]") {
  const TemporaryFolder folder;
  auto settings = settings_in(folder);
  settings.run.evolution.schedule = Schedule::steady;
  settings.run.evolution.generations = 20;
  settings.run.fusion.retrain_repeats = 1;
  settings.workers = 12;
  const auto whole = simulate(settings);
  REQUIRE(whole.code == ExitCode::done);
  CHECK(whole.json.at("candidates") == 120);
  auto generational = settings;
  generational.run.run += " generational";
  generational.run.evolution.schedule = Schedule::generational;
  CHECK(whole.json.at("utilisation") > simulate(generational).json.at("utilisation"));

  settings.run.run += " cut";
  CHECK(simulate(settings, 100).code == ExitCode::stopped);
  settings.run.resume = true;
  REQUIRE(simulate(settings).code == ExitCode::done);
  const auto front = file_of(settings, "front.csv"), candidates = file_of(settings, "candidates.csv");
  REQUIRE(simulate(settings).code == ExitCode::done);  // there is nothing left to do
  CHECK(file_of(settings, "front.csv") == front);
  CHECK(file_of(settings, "candidates.csv") == candidates);
  const auto rows = std::ranges::count(candidates, '\n') - 1;
  CHECK(rows == 120);
}

TEST_CASE("A simulation answers what sweeps say", "[master][simulate]") {
  const TemporaryFolder folder;
  auto settings = settings_in(folder);
  settings.noise = 0;
  settings.run.fusion.retrain_repeats = 1;
  RandomStream random(Seed{2}, "sweep");
  for (const std::string name : {"image", "audio"}) {
    std::ofstream csv(folder / (name + ".csv"));
    csv << "genome,metric\n";
    for (const auto& genome : all_genomes(find_space("avmnist-" + name)))
      csv << '"' << to_text(genome) << "\"," << shortest(name == "image" ? 91.0 : 96.0) << '\n';
    settings.answers.push_back(folder / (name + ".csv"));
  }
  REQUIRE(simulate(settings).code == ExitCode::done);
  const auto csv = CsvTable::read(std::filesystem::path(settings.run.run) / "candidates.csv");
  REQUIRE(csv.rows() > 0);
  for (std::size_t row = 0; row < csv.rows(); ++row)  // half of the geometric mean of 9 and 4
    CHECK(csv.number(row, csv.column("metric_val")) == Approx(97));
}

TEST_CASE("A simulation ends with the first genome that a sweep lacks", "[master][simulate]") {
  const TemporaryFolder folder;
  auto settings = settings_in(folder);
  const auto file = (folder / "image.csv").string();
  std::ofstream(file) << "genome,metric\n\"" << to_text(smallest_genome(find_space("avmnist-image"))) << "\",91\n";
  std::ofstream(folder / "audio.csv") << "genome,metric\n\"" << to_text(smallest_genome(find_space("avmnist-audio")))
                                      << "\",96\n";
  settings.answers = {file, (folder / "audio.csv").string()};
  const auto simulated = simulate(settings);
  CHECK(simulated.code == ExitCode::bad_input);
  CHECK_THAT(simulated.mistake, Catch::Contains("has no row for") && Catch::Contains(".csv"));
  CHECK(simulated.answered <= settings.workers);  // none of which was asked again

  const MadeUpAnswers answers(settings);
  const auto largest = largest_genome(find_space("avmnist-image"));
  CHECK_THROWS_AS(answers.answer(EvaluateBackbones{0, {largest}}), InputError);
  CHECK_THROWS_WITH(answers.answer(EvaluateBackbones{0, {largest}}),
                    Catch::Contains(file) && Catch::Contains(to_text(canonical(largest))));
}

TEST_CASE("The end of a Slurm job does not stop time that is virtual", "[master][simulate]") {
  const TemporaryFolder folder;
  ::setenv("SLURM_JOB_ID", "7", 1);
  ::setenv("SLURM_JOB_END_TIME", fmt::format("{:.0f}", wall_time_s() + 30).c_str(), 1);
  const auto simulated = simulate(settings_in(folder));  // of minutes
  ::unsetenv("SLURM_JOB_ID");
  ::unsetenv("SLURM_JOB_END_TIME");
  CHECK(simulated.code == ExitCode::done);
}

TEST_CASE("A simulation records the lease that it was given", "[master][simulate]") {
  const TemporaryFolder folder;
  auto settings = settings_in(folder);
  settings.run.lease_s = 45;
  REQUIRE(simulate(settings).code == ExitCode::done);
  CHECK_THAT(file_of(settings, "config.cfg"), Catch::Contains("lease = 45\n"));
}

TEST_CASE("Commands that pass over the section of a simulation know its keys", "[master][simulate]") {
  SimulateSettings settings;
  OptionSet options("", "");
  settings.declare(options);
  auto declared = options.keys("simulate"), known = known_keys("simulate");
  std::ranges::sort(declared);
  std::ranges::sort(known);
  CHECK(declared == known);
}

TEST_CASE("Settings of a simulation that cannot be are told in words", "[master][simulate]") {
  const TemporaryFolder folder;
  auto settings = settings_in(folder);
  settings.answers = {"a.csv", "b.csv", "c.csv"};
  CHECK_THROWS_WITH(settings.check(), Catch::Contains("3 sweeps for 2 modalities"));
  settings.answers.clear();
  settings.workers = 0;
  CHECK_THROWS_WITH(settings.check(), Catch::Contains("--workers"));
  settings.virtual_time = false;
  CHECK_NOTHROW(settings.check());
  settings.workers = 4;
  CHECK_THROWS_WITH(settings.check(), Catch::Contains("--virtual-time"));
}

TEST_CASE("Durations are drawn by the work, with the mean and the spread that were asked for", "[master][simulate]") {
  const WorkDurations durations("lognormal:0.2,0.7", Seed{1});
  const auto search = [](std::uint64_t id) {
    return Work(SearchFusion{{{CandidateId{id}, {{smallest_genome(find_space("avmnist-image"))}, {1, 1}}}}});
  };
  double sum = 0, squares = 0;
  constexpr int kCount = 20'000;
  for (std::uint64_t i = 1; i <= kCount; ++i) {
    const double seconds = durations.of(search(i));
    REQUIRE(seconds > 0);
    sum += seconds;
    squares += std::log(seconds) * std::log(seconds);
  }
  const double median = 0.2 * std::exp(-0.7 * 0.7 / 2);
  CHECK(sum / kCount == Approx(0.2).epsilon(0.03));
  CHECK(squares / kCount - std::pow(std::log(median), 2) == Approx(0.49).epsilon(0.05));
  CHECK(durations.of(search(3)) == WorkDurations("lognormal:0.2,0.7", Seed{1}).of(search(3)));
  CHECK(durations.of(search(3)) != durations.of(search(4)));
  const auto one = std::get<SearchFusion>(search(3)).candidates.front();
  const auto other = std::get<SearchFusion>(search(4)).candidates.front();
  CHECK(durations.of(SearchFusion{{one, other}}) == Approx(durations.of(search(3)) + durations.of(search(4))));
}

TEST_CASE("Durations are read from a list, or from a run's timeline", "[master][simulate]") {
  const TemporaryFolder folder;
  std::ofstream(folder / "list.txt") << "# seconds\n2\n\n1m\n";
  const Work search = SearchFusion{{{CandidateId{1}, {{smallest_genome(find_space("avmnist-image"))}, {1, 1}}}}};
  const WorkDurations listed((folder / "list.txt").string(), Seed{1});
  const double seconds = listed.of(search);
  CHECK((seconds == 2 || seconds == 60));
  std::ofstream(folder / "timeline.csv") << "began_s,ended_s,kind,rank,host,about\n"
                                         << "10,10,job,0,,\n10,17,search,1,n,model 1\n17,17.5,test,1,n,model 1\n";
  const WorkDurations seen((folder / "timeline.csv").string(), Seed{1});
  CHECK(seen.of(search) == Approx(7));
  CHECK(seen.of(TestModel{}) == Approx(0.5));
  for (const auto* wrong :
       {"lognormal:1", "lognormal:x,1", "lognormal:0,1", "lognormal:-2,0.5", "lognormal:1,-1", "lognormal:1,2,3",
        "lognormal:1e300,1", "lognormal:1e-7,1", "lognormal:1,1000", "lognormal:1,10.5", "no-such-file"})
    CHECK_THROWS_AS(WorkDurations(wrong, Seed{1}), InputError);
  CHECK_THROWS_WITH(WorkDurations("lognormal:1e300,1", Seed{1}), Catch::Contains("from 1e-6 to 1e6 seconds"));
  for (const auto* most : {"lognormal:1e6,10", "lognormal:1e-6,0"}) CHECK_NOTHROW(WorkDurations(most, Seed{1}));
  std::ofstream(folder / "empty.txt") << "# nothing\n";
  CHECK_THROWS_WITH(WorkDurations((folder / "empty.txt").string(), Seed{1}), Catch::Contains("has no durations"));
  std::ofstream(folder / "zero.txt") << "1\n0\n";
  CHECK_THROWS_WITH(WorkDurations((folder / "zero.txt").string(), Seed{1}), Catch::Contains("line 2"));
}

TEST_CASE("Equal shares dealt before are as long as the longest", "[master][simulate]") {
  CHECK(static_utilisation({1, 1, 1, 1}, 2, 4) == Approx(1));
  CHECK(static_utilisation({3, 1, 1, 1}, 2, 4) == Approx(6.0 / 8));
  CHECK(static_utilisation({1, 1, 1, 1}, 2, 1) == Approx(0.5));  // one alone in each batch
  CHECK(static_utilisation({2, 2}, 4, 2) == Approx(0.5));
  CHECK(static_utilisation({}, 4, 2) == 0);
}

}  // namespace
}  // namespace harmonic
