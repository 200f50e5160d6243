// What the master does for its workers: how busy they are under each schedule, what it takes itself a candidate in
// time and memory, and how long a resume of a long run takes. In virtual time; of real ranks the same is measured by
//   deploy/mpirun.sh 64 build/harmonic simulate --config C --durations lognormal:0.2,0.5 --candidates 2000
#include <iostream>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "core/base/log.hpp"
#include "core/config/options.hpp"
#include "core/storage/json_text.hpp"
#include "core/work/run_hash.hpp"
#include "master/simulate/made_up_answers.hpp"
#include "master/simulate/simulation.hpp"
#include "master/simulate/virtual_workers.hpp"
#include "master/simulate/work_durations.hpp"
#include "tests/bench/bench_main.hpp"
#include "tests/bench/timing.hpp"
#include "tests/support/captured_stdout.hpp"
#include "tests/support/tiny_run.hpp"

namespace harmonic::bench {
namespace {

constexpr const char* kSummary =
    "Simulates searches in virtual time: utilisation by schedule, and the master's own time and memory a candidate "
    "over "
    "a long run, with a resume of it.";

struct Options {
  int candidates = 100'000;
  int retrainings = 1;
  std::string folder;
  bool json = false;

  void declare(OptionSet& o) {
    o.add("candidates", candidates, "of the long run; 0: none", {0, 10'000'000});
    o.add("retrainings", retrainings, "of a model at most, in the long run", {1, 1000});
    o.add("folder", folder, "where its files lie, on a disk as it is used; empty: the system's for temporary files");
    o.add("json", json, "print one JSON object");
  }
};

/// In virtual time, with stdout taken.
nlohmann::json simulate(SimulateSettings settings) {
  settings.virtual_time = true;
  settings.run.json = true;
  const MadeUpAnswers answers(settings);
  const WorkDurations durations(settings.durations, Seed{settings.run.seed});
  VirtualWorkers workers(
      settings.workers, run_fingerprint(settings.searched()), [&](const Work& work) { return answers.answer(work); },
      [&](const Work& work) { return durations.of(work); });
  RunHooks hooks;
  workers.set(hooks);
  const auto text = testing::captured_stdout(
      [&] { (void)run_simulation(settings, workers, hooks, [&] { return workers.own_cpu_s(); }); });
  return nlohmann::json::parse(text);
}

SimulateSettings settings_in(const std::filesystem::path& folder, int pairs) {
  SimulateSettings settings;
  settings.run = testing::tiny_run(folder);
  settings.run.run.clear();
  settings.run.evolution.pairs = pairs;
  settings.run.evolution.population = 512;  // of 7371 backbones that a space has
  settings.run.evolution.backbone_survivors = 0.25;
  settings.run.fusion.retrain_repeats = 1;
  return settings;
}

int run(const Options& options) {
  const auto parent =
      options.folder.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path(options.folder);
  const auto folder = parent / fmt::format("bench_service.{}", ::getpid());
  std::filesystem::create_directories(folder);
  nlohmann::ordered_json report = nlohmann::ordered_json::array();
  const auto tell = [&](const std::string& name, const nlohmann::json& json) {
    report.push_back({{"case", name}, {"figures", json}});
    if (options.json) return;
    std::cout << fmt::format(
        "{:<58} busy {:5.1f} % (while dealing {:5.1f} %)  equal shares {:5.1f} %  master {:.3f} ms", name,
        100 * json.at("utilisation").get<double>(), 100 * json.at("utilisation_while_dealing").get<double>(),
        100 * json.at("static_utilisation").get<double>(), json.at("master_ms_per_candidate").get<double>());
    if (json.contains("master_bytes_per_candidate"))
      std::cout << fmt::format(", {:.0f} bytes", json.at("master_bytes_per_candidate").get<double>());
    std::cout << " a candidate\n" << std::flush;
  };
  struct Site {
    std::string name;
    int workers, pairs, candidates;
    std::string durations;
  };
  for (const Site& site : {Site{"63 workers, 128 pairs of 0.2 s", 63, 128, 2000, "lognormal:0.2,0.5"},
                           Site{"1024 workers, 2048 pairs of 5 min", 1024, 2048, 16'384, "lognormal:300,0.5"}})
    for (const int overlap : {0, 1, 2, 4, -1}) {
      auto settings = settings_in(folder, site.pairs);
      settings.workers = site.workers;
      settings.candidates = site.candidates;
      settings.durations = site.durations;
      if (overlap < 0)
        settings.run.evolution.schedule = Schedule::steady;
      else
        settings.run.evolution.overlap = overlap;
      tell(fmt::format("{}, {}", site.name, overlap < 0 ? "steady" : fmt::format("overlap {}", overlap)),
           simulate(settings));
    }
  if (options.candidates > 0) {
    auto settings = settings_in(folder, 128);
    settings.run.run = folder / "long";
    settings.run.fusion.retrain_repeats = options.retrainings;
    settings.run.evolution.overlap = 2;
    settings.workers = 1024;
    settings.candidates = options.candidates;
    tell(fmt::format("{} candidates, 1024 workers, overlap 2", options.candidates), simulate(settings));
    settings.run.resume = true;
    settings.candidates += 128;
    const double resume_s = seconds([&] { (void)simulate(settings); });
    report.push_back({{"case", "resume"}, {"seconds", resume_s}});
    if (!options.json) std::cout << fmt::format("resumed for one more generation, all in all: {:.1f} s\n", resume_s);
  }
  std::filesystem::remove_all(folder);
  if (options.json) std::cout << json_text(report) << '\n';
  return 0;
}

}  // namespace
}  // namespace harmonic::bench

int main(int argc, char** argv) {
  using namespace harmonic;
  log::set_level(log::Level::error);
  return bench::bench_main(argc, argv, [](const std::vector<std::string>& words) {
    bench::Options options;
    OptionSet set("bench_service", bench::kSummary);
    options.declare(set);
    return set.parse(words) == OptionSet::Parsed::help_printed ? 0 : bench::run(options);
  });
}
