// Simulated runs under mpirun, hit at random moments and resumed at random rank counts.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <signal.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/rng.hpp"
#include "core/base/seconds_since.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "tests/support/process.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/tiny_run.hpp"

using namespace harmonic;
using namespace harmonic::testing;

namespace {

constexpr int kMostRanks = 8;

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set: run this test through ctest");
  return value;
}

/// How often: HARMONIC_KILLS, else few enough for every day.
int rounds() {
  const char* wanted = std::getenv("HARMONIC_KILLS");
  return wanted != nullptr ? std::atoi(wanted) : 4;
}

/// A config file whose tables lie beside it.
std::filesystem::path write_config(const std::filesystem::path& folder, int overlap) {
  write_tiny_table(folder / "slow.json", 10);
  write_tiny_table(folder / "fast.json", 1);
  const auto path = folder / fmt::format("overlap-{}.cfg", overlap);
  std::ofstream(path) << "[run]\nmodality = image=avmnist-image,none.h5\nmodality = audio=avmnist-audio,none.h5\n"
                         "lease = 5\n"
                         "[hardware]\ndevice = slow=slow.json\ndevice = fast=fast.json\n"
                         "[evolution]\npopulation = 32\npairs = 8\ngenerations = 6\nlate-fusion = false\noverlap = "
                      << overlap
                      << "\n[fusion]\nretrain-repeats = 2\n"
                         "[simulate]\ndurations = lognormal:0.02,0.7\n";
  return path;
}

std::vector<std::string> simulate(int ranks, const std::filesystem::path& config, const std::filesystem::path& run,
                                  const std::vector<std::string>& more = {}) {
  std::vector<std::string> words = {from_environment("HARMONIC_SOURCE") + "/deploy/mpirun.sh",
                                    std::to_string(ranks),
                                    from_environment("HARMONIC_PROGRAM"),
                                    "simulate",
                                    "--config",
                                    config.string(),
                                    "--run",
                                    run.string()};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// candidates.csv but for the seconds, which no two runs share.
std::string candidates_of(const std::filesystem::path& run) {
  const auto table = CsvTable::read(run / "candidates.csv");
  std::string text;
  for (std::size_t row = 0; row < table.rows(); ++row)
    for (std::size_t c = 0; c < table.header().size(); ++c)
      if (table.header()[c] != "seconds") text += table.cell(row, c) + ",";
  return text;
}

}  // namespace

TEST_CASE("A simulated run that is killed at any moment ends, resumed at any rank count, as the straight one",
          "[simulate]") {
  const TemporaryFolder folder;
  for (const int overlap : {0, 2}) {
    const auto config = write_config(folder.path(), overlap);
    const auto quiet = folder / fmt::format("quiet-{}", overlap);
    const auto start = std::chrono::steady_clock::now();
    REQUIRE(run(simulate(3, config, quiet)).exit_code == 0);
    const double quiet_s = seconds_since(start);
    for (int round = 0; round < rounds() / 2; ++round) {
      RandomStream random(Seed{1}, "simulated kills", static_cast<std::uint64_t>(round),
                          static_cast<std::uint64_t>(overlap));
      const auto directory = folder / fmt::format("{}-{}", overlap, round);
      Finished last;
      for (int job = 0; job < 2; ++job) {  // killed once, or twice, then left in peace
        const int ranks = 1 + static_cast<int>(random.below(kMostRanks));
        const double after_s = random.uniform(0, quiet_s);
        const bool begun = std::filesystem::exists(directory / "journal");
        Process process(simulate(ranks, config, directory,
                                 begun ? std::vector<std::string>{"--resume"} : std::vector<std::string>{}));
        std::this_thread::sleep_for(std::chrono::duration<double>(after_s));
        process.kill_all();
        process.wait();
      }
      const int ranks = 1 + static_cast<int>(random.below(kMostRanks));
      const bool begun = std::filesystem::exists(directory / "journal");
      last = run(simulate(ranks, config, directory,
                          begun ? std::vector<std::string>{"--resume"} : std::vector<std::string>{}));
      INFO(fmt::format("overlap {}, round {}, {} ranks: {}", overlap, round, ranks, last.err));
      REQUIRE(last.exit_code == 0);
      REQUIRE(candidates_of(directory) == candidates_of(quiet));
      REQUIRE(read_file(directory / "front.csv") == read_file(quiet / "front.csv"));
      std::filesystem::remove_all(directory);
    }
  }
}

TEST_CASE("A simulated run that is asked to stop finishes what it can within the grace, and says how to go on",
          "[simulate]") {
  const TemporaryFolder folder;
  const auto config = write_config(folder.path(), 0);
  const auto directory = folder / "run";
  Process process(simulate(3, config, directory, {"--durations", "lognormal:0.3,0.1", "--grace", "30s"}));
  const auto has_work = [&] {
    std::error_code none;
    return std::filesystem::file_size(directory / "journal", none) > 4000 && !none;
  };
  REQUIRE(wait_until(process, has_work));
  process.signal(SIGTERM);
  const auto stopped = process.wait();
  INFO(stopped.err);
  CHECK(stopped.exit_code == 3);
  CHECK_THAT(stopped.err, Catch::Contains("--resume") && Catch::Contains("simulate"));
  CHECK_THAT(read_file(directory / "status.json"), Catch::Contains("\"stopped\""));
  const auto resumed = run(simulate(2, config, directory, {"--resume", "--json"}));
  INFO(resumed.err);
  REQUIRE(resumed.exit_code == 0);
  CHECK(nlohmann::json::parse(resumed.out).at("ranks") == 2);
}

TEST_CASE("A simulation's mistakes are told in a line", "[simulate]") {
  const TemporaryFolder folder;
  const auto config = write_config(folder.path(), 0);
  const auto program = from_environment("HARMONIC_PROGRAM");
  for (const auto& [words, what] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--durations", "lognormal:1"}, "lognormal"},
           {{"--durations", "lognormal:1e300,1"}, "1e6 seconds"},
           {{"--durations", "nowhere.txt"}, "nowhere.txt"},
           {{"--answers", "nowhere.csv"}, "nowhere.csv"},
           {{"--virtual-time"}, "--workers"},
           {{"--workers", "4"}, "--virtual-time"},
           {{"--schedule", "stedy"}, "steady"},
           {{"--schedule", "steady", "--choose", "model"}, "choose"}}) {
    std::vector<std::string> command = {program, "simulate", "--config", config.string()};
    command.insert(command.end(), words.begin(), words.end());
    const auto finished = run(command);
    INFO(finished.err);
    CHECK(finished.exit_code == 2);
    CHECK_THAT(finished.err, Catch::Contains(what));
    CHECK(std::ranges::count(finished.err, '\n') == 1);
  }
  const auto copies = run(simulate(4, config, folder / "run", {"--virtual-time", "--workers", "4"}));
  INFO(copies.err);
  CHECK(copies.exit_code == 2);
  CHECK_THAT(copies.err, Catch::Contains("without mpirun"));
  CHECK(std::ranges::count(copies.err, '\n') == 1);
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
}

TEST_CASE("Virtual time runs under mpirun with one rank, wherever it is asked for", "[simulate]") {
  const TemporaryFolder folder;
  const auto config = write_config(folder.path(), 0);
  std::ofstream(config, std::ios::app) << "virtual-time = true\nworkers = 4\n";
  const auto finished = run(simulate(1, config, folder / "run", {"--json"}));
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  CHECK(nlohmann::json::parse(finished.out).at("ranks") == 5);
  const auto copies = run(simulate(2, config, folder / "copies"));
  INFO(copies.err);
  CHECK(copies.exit_code == 2);
  CHECK_THAT(copies.err, Catch::Contains("without mpirun"));
}
