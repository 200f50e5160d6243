// One small search over and over, hit at a random moment each time: it always ends by itself, with the quiet run's
// front.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include <signal.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "core/base/rng.hpp"
#include "core/base/seconds_since.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/system/world.hpp"

using namespace harmonic;
using namespace harmonic::testing;

namespace {

constexpr int kRanks = 4;
constexpr double kPatience_s = 300;  // after which a run counts as one that never ends

/// How often: HARMONIC_KILLS, else few enough for every day.
int rounds() {
  const char* wanted = std::getenv("HARMONIC_KILLS");
  return wanted != nullptr ? std::atoi(wanted) : 6;
}

enum class Blow { kill_worker, stop_worker, break_worker, kill_job };

const char* name_of(Blow blow) {
  switch (blow) {
    case Blow::kill_worker:
      return "SIGKILL of a worker";
    case Blow::stop_worker:
      return "SIGSTOP of a worker";
    case Blow::break_worker:
      return "SIGSEGV of a worker";
    case Blow::kill_job:
      break;
  }
  return "SIGKILL of the job";
}

void strike(Process& process, Blow blow, int rank) {
  if (blow == Blow::kill_job) return process.kill_all();
  const int signal = blow == Blow::kill_worker ? SIGKILL : blow == Blow::stop_worker ? SIGSTOP : SIGSEGV;
  if (const pid_t worker = process.rank(rank); worker > 0) kill(worker, signal);
}

/// Waits for the end, which must come by itself.
Finished to_the_end(Process& process) {
  const auto start = std::chrono::steady_clock::now();
  const bool ended = !wait_until(process, [&] { return seconds_since(start) > kPatience_s; });
  REQUIRE(ended);
  return process.wait();
}

/// Seconds from the last finished piece of work to now.
double since_last_work(const std::filesystem::path& run_folder) {
  std::error_code missing;
  const auto last = std::filesystem::last_write_time(run_folder / "journal", missing);
  return missing ? 0 : std::chrono::duration<double>(std::filesystem::file_time_type::clock::now() - last).count();
}

}  // namespace

TEST_CASE("A search that is hit at any moment ends by itself, with the front of one that was not", "[kills]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto quiet = folder / "quiet";
  const auto start = std::chrono::steady_clock::now();
  REQUIRE(run(w.on_ranks(kRanks, w.search(quiet))).exit_code == 0);
  const double quiet_s = seconds_since(start);
  const auto front = read_file(quiet / "front.csv");
  double longest_s = 0;
  for (int round = 0; round < rounds(); ++round) {
    RandomStream random(Seed{1}, "kills", static_cast<std::uint64_t>(round));
    const auto blow = static_cast<Blow>(round % 4);
    const int rank = 1 + static_cast<int>(random.below(kRanks - 1));
    const double after_s = random.uniform(0, quiet_s);
    const auto directory = folder / std::to_string(round);
    INFO(fmt::format("round {}: {} (rank {}) after {:.2f} s of some {:.2f}", round, name_of(blow), rank, after_s,
                     quiet_s));
    Process process(w.on_ranks(kRanks, w.search(directory)));
    std::this_thread::sleep_for(std::chrono::duration<double>(after_s));
    strike(process, blow, rank);
    auto finished = to_the_end(process);
    if (blow == Blow::kill_job) {
      const int ranks = 1 + static_cast<int>(random.below(kRanks));
      const bool begun = std::filesystem::exists(directory / "journal");
      Process again(w.on_ranks(
          ranks, w.search(directory, begun ? std::vector<std::string>{"--resume"} : std::vector<std::string>{})));
      finished = to_the_end(again);
    }
    longest_s = std::max(longest_s, since_last_work(directory));
    INFO(finished.err);
    REQUIRE(finished.exit_code == 0);
    REQUIRE(read_file(directory / "front.csv") == front);
    std::filesystem::remove_all(directory);
  }
  WARN(fmt::format("{} blows; the longest time from the last piece of work to the end of the job: {:.1f} s", rounds(),
                   longest_s));
}
