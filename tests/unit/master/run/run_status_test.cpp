#include "master/run/run_status.hpp"

#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using namespace testing;

TEST_CASE("A status says how a run is, and how it ended", "[master][status]") {
  RunStatus status{.generation = 3, .done = 40, .failed = 1, .retried = 2, .lost_workers = 1, .utilisation = 0.875};
  status.lost = {{Rank{2}, "node7", "has been silent for 30 s"}};
  auto json = nlohmann::json::parse(status_json(status));
  CHECK(json.at("state") == "running");
  CHECK_FALSE(json.contains("exit_code"));
  CHECK(json.at("generation") == 3);
  CHECK(json.at("done") == 40);
  CHECK(json.at("failed") == 1);
  CHECK(json.at("retried") == 2);
  CHECK(json.at("lost_workers") == 1);
  CHECK(json.at("utilisation") == 0.875);
  CHECK(json.at("lost").at(0) ==
        nlohmann::json{{"rank", 2}, {"host", "node7"}, {"reason", "has been silent for 30 s"}});
  for (const auto& [code, state] : {std::pair{ExitCode::done, "finished"},
                                    {ExitCode::stopped, "stopped"},
                                    {ExitCode::failed, "failed"},
                                    {ExitCode::bad_input, "failed"}}) {
    status.exit_code = code;
    json = nlohmann::json::parse(status_json(status));
    CHECK(json.at("state") == state);
    CHECK(json.at("exit_code") == static_cast<int>(code));
  }
}

TEST_CASE("The status file tells of ends, generations and lost workers at once, of progress once a second",
          "[master][status]") {
  const TemporaryFolder folder;
  const auto path = folder / "status.json";
  double now_s = 0;
  StatusFile file(path, [&] { return now_s; });
  RunStatus status;
  const auto told = [&] {
    file.show(status);
    return read_file(path) == status_json(status);
  };
  CHECK(told());
  status.done = 1;
  CHECK_FALSE(told());
  now_s = 1;
  CHECK(told());
  status.generation = 1;
  CHECK(told());
  status.lost_workers = 1;
  CHECK(told());
  status.exit_code = ExitCode::failed;
  CHECK(told());
  // Nothing new: not written again.
  std::filesystem::remove(path);
  now_s = 10;
  file.show(status);
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("A status file is touched every few seconds while the run lives, whatever there is to tell",
          "[master][status]") {
  const TemporaryFolder folder;
  const auto path = folder / "status.json";
  double now_s = 0;
  StatusFile file(path, [&] { return now_s; });
  RunStatus status;
  const auto touched = [&] {
    std::filesystem::remove(path);
    file.show(status);
    return std::filesystem::exists(path);
  };
  CHECK(touched());
  now_s = kStatusBeat_s - 1;
  status.seconds_left = 60;  // which changes all the time
  CHECK_FALSE(touched());
  now_s = kStatusBeat_s;
  CHECK(touched());
  CHECK_FALSE(touched());
  now_s *= 2;
  CHECK(touched());
}

TEST_CASE("Where a new status file cannot be made, as on a full disk, the old one is written over",
          "[master][status]") {
  const TemporaryFolder folder;
  const auto path = folder / std::string(250, 's');  // no temporary neighbour can have a longer name
  RunStatus status{.generation = 3, .done = 40};
  status.lost = {{Rank{2}, "node7", "has been silent for 30 s"}};
  std::ofstream(path) << status_json(status);
  StatusFile file(path);
  for (const int done : {5, 1'000'000}) {
    status.lost.clear();
    status.done = done;
    status.exit_code = done == 5 ? ExitCode::done : ExitCode::failed;
    file.show(status);
    CHECK(nlohmann::json::parse(read_file(path)) == nlohmann::json::parse(status_json(status)));
  }
}

TEST_CASE("A status file that cannot be written does not end the run", "[master][status]") {
  const TemporaryFolder folder;
  StatusFile file(folder / "absent/status.json");
  CHECK_NOTHROW(file.show({}));
}

}  // namespace
}  // namespace harmonic
