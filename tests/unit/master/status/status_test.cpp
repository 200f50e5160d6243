#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/storage/atomic_file.hpp"
#include "master/commands/commands.hpp"
#include "master/run/journal.hpp"
#include "master/run/run_folder.hpp"
#include "master/run/run_lock.hpp"
#include "master/run/timeline.hpp"
#include "master/status/run_outlook.hpp"
#include "master/status/signs_of_life.hpp"
#include "tests/support/captured_stdout.hpp"
#include "tests/support/hand_run.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using namespace harmonic::testing;
using Catch::Matchers::Contains;

namespace {

constexpr double kLimit_s = 30, kBeat_s = 5;

RunStatus under_way() {
  RunStatus status{.generation = 2, .done = 40, .failed = 1, .retried = 3, .lost_workers = 1, .utilisation = 0.875};
  status.workers = 3;
  status.busy = 2;
  status.seconds_left = 310.4;
  status.lost = {{Rank{2}, "node7", "has been silent for 30 s"}};
  return status;
}

/// A run of three models that says this of itself.
struct WatchedRun {
  explicit WatchedRun(const RunStatus& status) {
    HandRun hand{{{1, 90, {}, {1}, {2}}, {2, 96.5, {}, {2}, {4}}, {3, 93, {}, {1.5}, {3}}}};
    hand.config = "[evolution]\ngenerations = 8\n";
    hand.reference = {0, 20, 20};
    hand.status = status_json(status);
    hand.write(folder.path());
  }
  [[nodiscard]] std::vector<std::string> words(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"--run", folder.path().string()});
    return more;
  }
  [[nodiscard]] nlohmann::json json(std::vector<std::string> more = {}) const {
    more.push_back("--json");
    return nlohmann::json::parse(captured_stdout([&] { (void)status_command(words(more)); }));
  }
  TemporaryFolder folder;
};

}  // namespace

TEST_CASE("A status has every key of the run's own status file, and the front so far, best first", "[status]") {
  const WatchedRun run(under_way());
  const auto told = run.json();
  const auto own = nlohmann::json::parse(read_file(run.folder / "status.json"));
  for (const auto& [key, value] : own.items()) {
    INFO(key);
    CHECK(told.at(key) == value);
  }
  CHECK(told.at("state") == "running");
  CHECK(told.at("silent_s").is_null());
  CHECK(told.at("generations") == 8);
  CHECK(told.at("seconds_left") == 310);
  CHECK(told.at("front") == nlohmann::json{"2", "3", "1"});
  CHECK(told.at("hypervolume") == 1);
}

TEST_CASE("People are told what scripts are: how far it is, who was lost and why, the front", "[status]") {
  const WatchedRun run(under_way());
  const auto text = captured_stdout([&] { CHECK(status_command(run.words()) == ExitCode::done); });
  for (const char* part : {"running\n", "generation 2 of 8 done", "40 done, 1 failed, 3 tried again", "ETA 5m10s",
                           "3 here, 2 busy; 88 % of their time was work, 1 lost", "rank 2 on node7: has been silent",
                           "front so far: 3 models, hypervolume 1", "96.50"})
    CHECK_THAT(text, Contains(part));
}

TEST_CASE("The end of a run is told with its exit code, which a watch ends with", "[status]") {
  for (const auto code : {ExitCode::done, ExitCode::stopped, ExitCode::failed, ExitCode::bad_input}) {
    auto status = under_way();
    status.exit_code = code;
    const WatchedRun run(status);
    ExitCode watched{};
    const auto told = nlohmann::json::parse(captured_stdout([&] {
      watched = status_command(run.words({"--watch", "--json"}));
    }));
    CHECK(watched == code);
    CHECK(told.at("exit_code") == static_cast<int>(code));
  }
}

TEST_CASE("What the workers of each machine did is that of the last job alone", "[status]") {
  const WatchedRun run(under_way());
  TimelineFile timeline(run.folder / "timeline.csv");
  timeline.add({0, 0, TimelineKind::job, Rank{0}, "", ""});
  timeline.add({0, 100, TimelineKind::search, Rank{1}, "node-z", "of an earlier job"});
  timeline.add({1000, 1000, TimelineKind::job, Rank{0}, "", ""});
  timeline.add({1000, 1010, TimelineKind::search, Rank{1}, "node-b", "a search"});
  timeline.add({1000, 1005, TimelineKind::search, Rank{2}, "node-b", "a search"});
  timeline.add({1000, 1020, TimelineKind::failed, Rank{3}, "node-a", "a search"});
  timeline.write(/*now=*/true);
  const auto hosts = run.json().at("hosts");
  REQUIRE(hosts.size() == 2);
  CHECK(hosts[0] ==
        nlohmann::json{{"host", "node-a"}, {"workers", 1}, {"done", 0}, {"setbacks", 1}, {"utilisation", 1.0}});
  CHECK(hosts[1].at("done") == 2);
  CHECK(hosts[1].at("utilisation") == Approx(15.0 / (2 * 20)));
}

TEST_CASE("Energy is that of the whole run, by worker and kind of work; absent where nothing was measured",
          "[status]") {
  const WatchedRun run(under_way());
  CHECK(run.json().at("energy").is_null());
  TimelineFile timeline(run.folder / "timeline.csv");
  timeline.add({0, 0, TimelineKind::job, Rank{0}, "", ""});
  timeline.add({0, 100, TimelineKind::search, Rank{1}, "node-b", "of an earlier job", MeasuredEnergy{3.6e6, 0}});
  timeline.add({1000, 1000, TimelineKind::job, Rank{0}, "", ""});
  timeline.add({1000, 1010, TimelineKind::test, Rank{2}, "node-a", "a test", MeasuredEnergy{0.36e6, 0.36e6}});
  timeline.write(/*now=*/true);
  const auto energy = run.json().at("energy");
  CHECK(energy.at("kwh") == Approx(1.2));
  REQUIRE(energy.at("workers").size() == 2);
  CHECK(energy.at("workers")[0] ==
        nlohmann::json{{"rank", 1}, {"host", "node-b"}, {"phases", {{"search", 1.0}, {"waited", 0.0}}}});
  CHECK(energy.at("workers")[1].at("phases").at("waited") == Approx(0.1));
  const auto text = captured_stdout([&] { (void)status_command(run.words()); });
  CHECK_THAT(text, Contains("energy: 1.2 kWh") && Contains("node-a"));
}

TEST_CASE("A damaged status file leaves the state open; what is done is told by the journal", "[status]") {
  const WatchedRun run(under_way());
  {
    Journal journal(run.folder / "journal", 7);
    const Work work = EvaluateBackbones{0, {smallest_genome(find_space("avmnist-image"))}};
    journal.append({work, BackboneScores{{97.5}}, 1});
    journal.append({EvaluateBackbones{1, {smallest_genome(find_space("avmnist-audio"))}},
                    Failure{"diverged", FailureKind::candidate}, 1});
  }
  std::ofstream(run.folder / "status.json") << "{\"state\": \"runn";
  const auto told = run.json();
  CHECK(told.at("state") == "unknown");
  CHECK(told.at("done") == 1);
  CHECK(told.at("failed") == 1);
  CHECK(told.at("front").size() == 3);
}

TEST_CASE("Looking in takes no lock and changes no file", "[status]") {
  const WatchedRun run(under_way());
  const RunLock lock(run.folder.path());
  const auto files = [&] {
    std::map<std::string, std::filesystem::file_time_type> all;
    for (const auto& file : std::filesystem::recursive_directory_iterator(run.folder.path()))
      all[file.path().string()] = file.last_write_time();
    return all;
  };
  const auto before = files();
  CHECK(run.json().at("state") == "running");
  CHECK(files() == before);
}

TEST_CASE("A folder without a run, and several runs, are refused with the remedy", "[status]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(status_command({"--run", folder.path().string()}), Contains("holds no run"));
  CHECK_THROWS_WITH(status_command({}), Contains("names no run"));
  CHECK_THROWS_WITH(status_command({"a", "b"}), Contains("names 2 runs"));
}

TEST_CASE("A run is silent once its file is older than its limit, and no sign came while it was looked at",
          "[status]") {
  SignsOfLife signs(kLimit_s, kBeat_s);
  signs.look(/*touched_s=*/1000, /*wall_s=*/1029, /*now_s=*/5);
  CHECK_FALSE(signs.silent_s());
  signs.look(1000, 1031, 7);
  CHECK(signs.silent_s() == Approx(31));
  CHECK(signs.is_doubtful());
  signs.look(1000, 1040, 16);
  CHECK(signs.silent_s() == Approx(40));
  CHECK_FALSE(signs.is_doubtful());
  signs.look(1040, 1040, 17);
  CHECK_FALSE(signs.silent_s());
}

TEST_CASE("Clocks that differ by hours hide no run that lives, and no silence for long", "[status]") {
  for (const double ahead_s : {-7200.0, 7200.0}) {
    const auto look = [&](SignsOfLife& signs, double touched_s, double now_s) {
      signs.look(touched_s, 1000 + now_s + ahead_s, now_s);
    };
    SignsOfLife alive(kLimit_s, kBeat_s), gone(kLimit_s, kBeat_s);
    look(alive, 1000, 0);
    look(gone, 1000, 0);
    CHECK(alive.silent_s());
    CHECK(alive.is_doubtful());
    look(alive, 1005, 5);
    look(gone, 1000, 5);
    CHECK_FALSE(alive.silent_s());
    CHECK(gone.is_doubtful());
    look(gone, 1000, 11);
    CHECK(gone.silent_s());
    CHECK_FALSE(gone.is_doubtful());
  }
}
