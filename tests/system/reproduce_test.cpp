// Published rows, measured by the real program: stopped, killed, resumed, refused.
#include <algorithm>
#include <filesystem>

#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/system/world.hpp"

using namespace harmonic;
using namespace harmonic::testing;

namespace {

/// Fusion searches that are in the journal, told by the models on disk. Late fusions are numbered beyond.
std::size_t models_found(const std::filesystem::path& run_folder) {
  std::error_code missing;
  const std::filesystem::directory_iterator models(run_folder / "models", missing);
  if (missing) return 0;
  return static_cast<std::size_t>(std::count_if(begin(models), end(models), [](const auto& entry) {
    const auto name = entry.path().filename().string();
    return name.find('.') == std::string::npos && std::stoi(name) % 100 <= 96;
  }));
}

}  // namespace

TEST_CASE("A reproduction stopped by a signal, then killed, then resumed on other ranks leaves the same numbers",
          "[reproduce]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto whole = run(w.on_ranks(1, w.reproduce(folder / "whole", {"--table", "avmnist", "--json"})));
  INFO(whole.err);
  REQUIRE(whole.exit_code == 0);
  const auto json = nlohmann::json::parse(whole.out);
  CHECK(json.at("front").size() >= 1);
  CHECK(std::filesystem::exists(json.at("report").get<std::string>()));
  const auto table = CsvTable::read(folder / "whole" / "reproduced.csv");
  REQUIRE(table.rows() == 24);
  for (std::size_t r = 0; r < table.rows(); ++r) CHECK(table.optional_number(r, table.column("measured")).has_value());
  const auto shown = run(w.alone({"show", "--run", (folder / "whole").string()}));
  CHECK_THAT(shown.out, Catch::Contains("reproduces table avmnist") && !Catch::Contains("generation"));
  const auto points = run(w.alone({"pareto", "--in", (folder / "whole" / "reproduced.csv").string()}));
  CHECK(points.exit_code == 2);
  CHECK_THAT(points.err, Catch::Contains("reproduced.csv") && Catch::Contains("candidates.csv"));

  const auto words = w.reproduce(folder / "run", {"--table", "avmnist", "--resume"});
  {
    Process process(w.on_ranks(2, words));
    REQUIRE(wait_until(process, [&] { return models_found(folder / "run") >= 1; }));
    process.signal(SIGTERM);
    const auto stopped = process.wait();
    INFO(stopped.err);
    CHECK(stopped.exit_code == 3);
    CHECK_THAT(stopped.err, Catch::Contains("harmonic reproduce") && Catch::Contains("--resume"));
  }
  const auto before = models_found(folder / "run");
  REQUIRE(before < 4);
  {
    Process process(w.on_ranks(2, words));
    REQUIRE(wait_until(process, [&] { return models_found(folder / "run") > before; }));
    process.kill_all();
    process.wait();
  }
  REQUIRE_FALSE(std::filesystem::exists(folder / "run" / "report.html"));
  const auto resumed = run(w.on_ranks(3, words));
  INFO(resumed.err);
  REQUIRE(resumed.exit_code == 0);
  CHECK_THAT(resumed.out, Catch::Contains("92.88") && Catch::Contains("metric.audio"));
  CHECK(read_file(folder / "run" / "reproduced.csv") == read_file(folder / "whole" / "reproduced.csv"));
  CHECK(read_file(folder / "run" / "front.csv") == read_file(folder / "whole" / "front.csv"));
}

TEST_CASE("A table that the modalities are not of is refused with one line", "[reproduce]") {
  const World w = world();
  const TemporaryFolder folder;
  for (const std::string table : {"mmimdb", "harmp"}) {
    const auto refused = run(w.on_ranks(2, w.reproduce(folder / "run", {"--table", table})));
    INFO(refused.err);
    CHECK(refused.exit_code == 2);
    CHECK(std::count(refused.err.begin(), refused.err.end(), '\n') == 1);
    CHECK_THAT(refused.err, Catch::Contains(table + "-image and maxout") && Catch::Contains("avmnist-image"));
  }
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
}
