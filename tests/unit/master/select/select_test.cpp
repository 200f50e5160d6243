#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "master/commands/commands.hpp"
#include "master/select/selection.hpp"
#include "tests/support/captured_stdout.hpp"
#include "tests/support/hand_run.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using namespace harmonic::testing;
using Catch::Matchers::Contains;

namespace {

/// Errors 10, 4, 3, 0; latencies 1, 2, 6, 11; energies 2, 4, 9, 12. Scaled and summed: 1 + 0 + 0; 0.4 + 0.1 + 0.2;
/// 0.3 + 0.5 + 0.7; 0 + 1 + 1. Model 2 is the knee.
const HandRun kFour = {{{1, 90, 89, {1}, {2}}, {2, 96, 97, {2}, {4}}, {3, 97, 95, {6}, {9}}, {4, 100, 96, {11}, {12}}}};

struct SelectedRun {
  explicit SelectedRun(const HandRun& run) { run.write(folder.path()); }
  [[nodiscard]] Selection operator()(const SelectionWish& wish) const {
    return select_model(CsvTable::read(folder / "front.csv"), wish);
  }
  TemporaryFolder folder;
};

}  // namespace

TEST_CASE("Without a wish the knee of the front is chosen, and what it gives up is told", "[select]") {
  const SelectedRun run(kFour);
  const auto chosen = run({});
  CHECK(chosen.model == "2");
  CHECK(chosen.allowed == std::vector<std::size_t>{0, 1, 2, 3});
  CHECK(chosen.objectives == std::vector<std::string>{"metric_val", "latency", "energy"});
  REQUIRE(chosen.given_up.size() >= 3);
  CHECK(chosen.given_up[0].column == "metric_val");
  CHECK(chosen.given_up[0].best == 100);
  CHECK(chosen.given_up[0].best_model == "4");
  CHECK(chosen.given_up[0].loss == 4);
  CHECK(chosen.given_up[1].loss == 1);
  CHECK(chosen.given_up[1].best_model == "1");
}

TEST_CASE("A run's own objectives decide its knee", "[select]") {
  auto hand = kFour;
  hand.reference = {0, 20, 20};
  const SelectedRun run(hand);
  CHECK(run({}).objectives == std::vector<std::string>{"metric_val", "latency_ms.tx2", "energy_mj.tx2"});
}

TEST_CASE("The best of a column within bounds is chosen; the bounds themselves are allowed", "[select]") {
  const SelectedRun run(kFour);
  CHECK(run({{{"latency_ms.tx2", 6}}, "metric_val"}).model == "3");
  CHECK(run({{{"latency_ms.tx2", 5.99}}, "metric_val"}).model == "2");
  CHECK(run({{{"latency_ms.tx2", 11}, {"energy_mj.tx2", 9}}, "metric_val"}).model == "3");
  CHECK(run({{{"metric_val", 96, /*is_upper=*/false}}, "latency_ms.tx2"}).model == "2");
  CHECK(run({{}, "metric_test"}).model == "2");
  CHECK(run({{}, "latency:max"}).model == "4");
  CHECK(run({{}, "metric_val:min"}).model == "1");
  // All have so many parameters: the knee among those allowed.
  CHECK(run({{}, "parameters"}).model == "2");
  // Errors 4, 3, 0, latencies 2, 6, 11, energies 4, 9, 12: 1 + 0 + 0, 0.75 + 4/9 + 5/8, 0 + 1 + 1.
  CHECK(run({{{"metric_val", 95, false}}, ""}).model == "2");
}

TEST_CASE("An empty cell is within no bound and never the best", "[select]") {
  auto hand = kFour;
  hand.front[1].metric_test.reset();
  const SelectedRun run(hand);
  CHECK(run({{}, "metric_test"}).model == "4");
  CHECK(run({{{"metric_test", 0, false}}, "latency"}).model == "1");
  for (auto& model : hand.front) model.metric_test.reset();
  const SelectedRun untested(hand);
  CHECK_THROWS_WITH(untested({{}, "metric_test"}), Contains("metric_test of no model"));
  CHECK_THROWS_WITH(untested({{{"metric_test", 1}}, ""}), Contains("metric_test of no model"));
}

TEST_CASE("Where no model is within the bounds it is told what each can be, alone and under the others", "[select]") {
  const SelectedRun run(kFour);
  CHECK_THROWS_WITH(run({{{"latency_ms.tx2", 0.5}}, ""}),
                    Contains("latency_ms.tx2 <= 0.5") && Contains("least latency_ms.tx2 1 (model 1)"));
  CHECK_THROWS_WITH(run({{{"latency_ms.tx2", 3}, {"metric_val", 97, false}}, ""}),
                    Contains("least latency_ms.tx2 1 (model 1), under the others 6 (model 3)") &&
                        Contains("most metric_val 100 (model 4), under the others 96 (model 2)"));
  CHECK_THROWS_WITH(run({{{"latency_ms.tx2", 0.5}, {"energy_mj.tx2", 5}}, ""}),
                    Contains("least energy_mj.tx2 2 (model 1), none under the others"));
}

TEST_CASE("A bound is a column with a number behind it", "[select]") {
  for (const char* text : {"latency_ms.tx2=9", "latency_ms.tx2 9", " latency_ms.tx2 <= 9 ", "latency_ms.tx2<=9"}) {
    INFO(text);
    const auto bound = parse_bound(text, true);
    CHECK(bound.column == "latency_ms.tx2");
    CHECK(bound.limit == 9);
  }
  CHECK(parse_bound("metric_val>=95.5", false).text() == "metric_val >= 95.5");
  CHECK_THROWS_WITH(parse_bound("9", true), Contains("no bound") && Contains("--max COLUMN=VALUE"));
  CHECK_THROWS_WITH(parse_bound("=9", false), Contains("--min COLUMN=VALUE"));
  CHECK_THROWS_WITH(parse_bound("latency=fast", true), Contains("fast"));
}

TEST_CASE("`select` prints the id alone, or everything as JSON", "[select]") {
  const SelectedRun run(kFour);
  const std::string path = run.folder.path();
  const auto printed = [](const Arguments& args) {
    return captured_stdout([&] { CHECK(select_command(args) == ExitCode::done); });
  };
  CHECK(printed({path}) == "2\n");
  CHECK(printed({"--max", "latency_ms.tx2=6", path, "--best", "metric_val"}) == "3\n");
  CHECK(printed({"--run", path, "--max", "latency_ms.tx2=1", "--max", "energy_mj.tx2 2"}) == "1\n");
  const auto json = nlohmann::json::parse(printed({path, "--json", "--max", "latency_ms.tx2=6"}));
  CHECK(json.at("model") == "2");
  CHECK(json.at("columns").at("latency_ms.tx2") == 2);
  CHECK(json.at("columns").at("genotype") == "0+1:Sum(0,1) -> 2");
  CHECK(json.at("allowed") == nlohmann::json({"1", "2", "3"}));
  CHECK(json.at("given_up").at("metric_val") ==
        nlohmann::json{{"value", 96.0}, {"best", 100.0}, {"model", "4"}, {"loss", 4.0}});
}

TEST_CASE("`select` refuses no run, two runs, a run without a front, and a column that is not there", "[select]") {
  const SelectedRun run(kFour);
  const std::string path = run.folder.path();
  CHECK_THROWS_WITH(select_command({}), Contains("names no run"));
  CHECK_THROWS_WITH(select_command({path, path}), Contains("names 2 runs"));
  CHECK_THROWS_WITH(select_command({path + "/none"}), Contains("there is no folder"));
  CHECK_THROWS_WITH(select_command({path, "--best", "metrc_val"}), Contains("did you mean 'metric_val'"));
  CHECK_THROWS_WITH(select_command({path, "--best", "id"}), Contains("an id does not tell") && Contains("metric_val"));
  CHECK_THROWS_WITH(select_command({path, "--max", "latency_ms.gpu=9"}),
                    Contains("did you mean 'latency_ms.tx2'") && Contains("energy_mj.tx2") && !Contains("genome"));
  CHECK_THROWS_WITH(select_command({path, "--min", "metric_val=95", "--min", "metric_val=101"}),
                    Contains("--min names metric_val twice"));
  CHECK_THROWS_WITH(select_command({path, "--best", "genotype"}), Contains("column 'genotype'"));
  HandRun empty;
  empty.status = R"({"state": "running"})";
  empty.write(run.folder / "begun");
  CHECK_THROWS_WITH(select_command({path + "/begun"}), Contains("no front yet, and it is running"));
  std::filesystem::remove(run.folder / "begun/front.csv");
  CHECK_THROWS_WITH(select_command({path + "/begun"}), Contains("no front yet"));
}
