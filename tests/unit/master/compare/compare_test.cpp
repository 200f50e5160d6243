#include <algorithm>
#include <filesystem>
#include <regex>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/config/search_settings.hpp"
#include "core/hardware/multi_device.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/commands/commands.hpp"
#include "master/compare/comparison_page.hpp"
#include "master/compare/comparison_tables.hpp"
#include "tests/support/captured_stdout.hpp"
#include "tests/support/hand_run.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/tiny_run.hpp"

using namespace harmonic;
using namespace harmonic::testing;
using Catch::Matchers::Contains;

namespace {

/// Runs in one folder, named a, b, … in the order that they are given in.
struct HandRuns {
  explicit HandRuns(const std::vector<HandRun>& runs) {
    for (std::size_t r = 0; r < runs.size(); ++r) {
      wish.runs.push_back(folder / std::string(1, static_cast<char>('a' + r)));
      runs[r].write(wish.runs.back());
    }
  }
  [[nodiscard]] Comparison compared() const { return compare_runs(open_runs(wish)); }
  TemporaryFolder folder;
  CompareWish wish;
};

/// Errors 5 and 10 at (4 ms, 4 mJ) and (2 ms, 2 mJ).
HandRun first_run() {
  HandRun run;
  run.front = {{1, 95, 94, {4}, {4}}, {2, 90, 91, {2}, {2}}};
  run.reference = {80, 10, 10};
  return run;
}

/// Errors 5 and 20 at (3 ms, 4 mJ) and (2 ms, 2 mJ): its first dominates the other's first, its second is dominated.
HandRun second_run() {
  HandRun run;
  run.front = {{7, 95, 95, {3}, {4}}, {8, 80, 82, {2}, {2}}};
  run.reference = {80, 10, 10};
  run.config = "[run]\nseed = 2\nprotocol = honest\n";
  return run;
}

std::size_t count(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  return static_cast<std::size_t>(std::distance(std::sregex_iterator(text.begin(), text.end(), regex), {}));
}

std::string printed(const Arguments& args) {
  return captured_stdout([&] { CHECK(compare_command(args) == ExitCode::done); });
}

}  // namespace

TEST_CASE("Fronts over one another: hypervolume with one reference, coverage, and who dominates whom", "[compare]") {
  const HandRuns runs({first_run(), second_run()});
  const auto comparison = runs.compared();
  CHECK(comparison.of.axes.columns == std::vector<std::string>{"metric_val", "latency_ms.tx2", "energy_mj.tx2"});
  CHECK(comparison.of.axes.reference == std::vector<double>{0, 10, 10});
  CHECK(comparison.of.reference_origin == "the runs' own");
  // A: metric 90 over 8 x 8, and 5 more over 6 x 6. B: 80 over 8 x 8, and 15 more over 7 x 6.
  CHECK(comparison.runs[0].hypervolume == Approx(90 * 64 + 5 * 36));
  CHECK(comparison.runs[1].hypervolume == Approx(80 * 64 + 15 * 42));
  CHECK(comparison.coverage == std::vector<std::vector<double>>{{1, 0.5}, {0.5, 1}});
  CHECK(comparison.runs[0].dominated_by == std::vector<std::vector<std::string>>{{"B"}, {}});
  CHECK(comparison.runs[1].dominated_by == std::vector<std::vector<std::string>>{{}, {"A"}});
  CHECK(comparison.runs[0].on_joint_front() == 1);
  const auto joint = joint_front_table(comparison);
  REQUIRE(joint.size() == 3);
  CHECK(joint[1][0] + joint[1][1] == "B7");
  CHECK(joint[2][0] + joint[2][1] == "A2");
}

TEST_CASE("The reference does not move when a run is added, and can be given", "[compare]") {
  auto third = second_run();
  third.front = {{9, 60, 60, {9}, {9}}};
  HandRuns runs({first_run(), second_run(), third});
  CHECK(runs.compared().runs[0].hypervolume == Approx(90 * 64 + 5 * 36));
  runs.wish.reference = "85,5,5";
  // A: 5 above 85 over 3 x 3, and 5 more over 1 x 1; the third has nothing within.
  CHECK(runs.compared().runs[0].hypervolume == Approx(5 * 9 + 5 * 1));
  CHECK(runs.compared().runs[2].hypervolume == 0);
  runs.wish.reference = "85,5";
  CHECK_THROWS_WITH(runs.compared(), Contains("--reference has 2 values for 3 columns"));
}

TEST_CASE("Runs that measure in other columns are compared in metric and costs, up to the dearest model", "[compare]") {
  auto without = second_run();
  without.reference.clear();
  without.dominated = {{9, 50, {}, {12}, {20}}};
  HandRuns runs({first_run(), without});
  const auto comparison = runs.compared();
  CHECK(comparison.of.axes.columns == std::vector<std::string>{"metric_val", "latency_ms.tx2", "energy_mj.tx2"});
  CHECK(comparison.of.axes.reference == std::vector<double>{0, 12, 20});
  CHECK_THAT(comparison.of.reference_origin, Contains("dearest"));
  runs.wish.columns = {"metric_test", "macs"};
  CHECK(runs.compared().of.axes.reference == std::vector<double>{0, 2000});
  runs.wish.columns = {"metric_test", "mac"};
  CHECK_THROWS_WITH(runs.compared(), Contains("did you mean 'macs'"));
  runs.wish.columns = {"macs", "macs"};
  CHECK_THROWS_WITH(runs.compared(), Contains("twice"));
}

TEST_CASE("Of devices those count that all runs have by the same tables; the others are named", "[compare]") {
  auto two = first_run();
  two.devices = {"tx2", "gpu"};
  two.front = {{1, 95, 94, {4, 1}, {4, 1}}};
  two.reference.clear();
  HandRuns runs({two, second_run()});
  const auto comparison = runs.compared();
  CHECK(comparison.of.devices == std::vector<std::string>{"tx2"});
  REQUIRE_FALSE(comparison.of.notes.empty());
  CHECK_THAT(comparison.of.notes.back(), Contains("device gpu is left out: B"));
  runs.wish.devices = {"gpu"};
  CHECK_THROWS_WITH(runs.compared(), Contains("device gpu is left out"));
  runs.wish.devices = {"tx"};
  CHECK_THROWS_WITH(runs.compared(), Contains("did you mean tx2"));
}

TEST_CASE("Runs without a common device, or of the same name by other tables, are refused", "[compare]") {
  auto other = second_run();
  SECTION("other names") {
    other.devices = {"agx"};
    other.reference.clear();
  }
  SECTION("other tables") {
    other.inputs = R"({"data": "aa", "test data": "bb", "table of tx2": "02"})";
  }
  auto first = first_run();
  first.inputs = R"({"data": "aa", "test data": "bb", "table of tx2": "01"})";
  HandRuns runs({first, other});
  CHECK_THROWS_WITH(runs.compared(), Contains("share no device by the same tables: A") && Contains("--columns"));
  runs.wish.columns = {"metric_val", "parameters"};
  const auto html = comparison_html(runs.compared());
  CHECK(count(html, "<svg class=\"plot\"") == 1);
  CHECK_THAT(html, Contains("Fronts: parameters") && Contains("none that all have"));
}

TEST_CASE("Runs of other data are refused", "[compare]") {
  auto other = second_run();
  other.inputs = R"({"data": "cc", "test data": "bb"})";
  CHECK_THROWS_WITH(HandRuns({first_run(), other}).compared(), Contains("different data: their train"));
  other.inputs = R"({"data": "aa", "test data": "dd"})";
  CHECK_THROWS_WITH(HandRuns({first_run(), other}).compared(), Contains("different data: their test samples"));
  other.inputs.clear();
  const auto comparison = HandRuns({first_run(), other}).compared();
  REQUIRE_FALSE(comparison.of.notes.empty());
  CHECK_THAT(comparison.of.notes[0], Contains("does not say which data"));
}

TEST_CASE("A run that goes on is compared as it stands, one without a front is refused", "[compare]") {
  auto running = second_run();
  running.status = R"({"state": "running"})";
  const auto comparison = HandRuns({first_run(), running}).compared();
  REQUIRE(comparison.of.notes.size() == 1);
  CHECK_THAT(comparison.of.notes[0], Contains("B (") && Contains("is running: its front is compared as it stands"));
  running.front.clear();
  CHECK_THROWS_WITH(HandRuns({first_run(), running}).compared(), Contains("no front yet, and it is running"));
  CHECK_THROWS_WITH(open_runs({{"/none"}, {}, {}, {}, {}}), Contains("there is no folder /none"));
  const HandRuns one({first_run()});
  CHECK_THROWS_WITH(open_runs({{one.wish.runs[0], one.wish.runs[0] + "/"}, {}, {}, {}, {}}), Contains("named twice"));
}

TEST_CASE("Runs that differ by their seed alone are told with their spread", "[compare]") {
  auto more = first_run();  // other generations: no seed's fault
  more.config = "[run]\nseed = 3\nprotocol = honest\n[evolution]\ngenerations = 7\n";
  auto repeated = first_run();
  const auto comparison = HandRuns({first_run(), second_run(), more, repeated}).compared();
  REQUIRE(comparison.seeds.size() == 1);
  CHECK(comparison.seeds[0].runs == std::vector<std::size_t>{0, 1});
  const auto& best = comparison.seeds[0].spreads.at(2);
  CHECK(best.quantity == "best metric_test");
  CHECK(best.values.mean == 94.5);
  CHECK(best.values.lowest == 94);
  // t(0.975, 1) = 12.706, s = sqrt(0.5), n = 2.
  CHECK(best.values.half_width.value() == Approx(12.7062 * 0.5));
  CHECK(HandRuns({first_run(), more}).compared().seeds.empty());
}

TEST_CASE("Published rows are dominated, and headline ratios computed, by test metric and cut costs", "[compare]") {
  // Row 1 of avmnist: 92.88 %, 8.96 ms, 13.93 mJ; row 2: 95.55, 14.41, 25.49; row 3: 95.33, 9.11, 13.88.
  HandRun run;
  run.front = {{1, 99, 92.88, {8.969}, {13.939}},  // row 1 to the digit: equal to it, so it does not dominate it
               {2, 99, 96.55, {7.2}, {20}},        // dominates row 2
               {3, 99, 90.0, {1}, {1}}};
  const HandRuns runs({run});
  const auto results = load_run_results(runs.wish.runs[0]);
  const auto compared = against_published(results, 0, find_published_table("avmnist"));
  CHECK(compared.has_test);
  CHECK(compared.dominated_rows() == std::vector<int>{2});
  CHECK(compared.rows[1].dominating == std::vector<std::string>{"2"});
  // At no more latency: 7.2 ms is within all rows'; 96.55 - 92.88 is the most.
  CHECK(compared.metric_gain().value().answer.value == Approx(96.55 - 92.88));
  CHECK(compared.metric_gain().value().row == 1);
  CHECK(compared.rows[2].metric_gain.value().value == Approx(96.55 - 95.33));
  // At no less metric: row 2's 14.41 ms over 7.2 ms; row 1's 13.93 mJ over the same, row 2's 25.49 over 20.
  CHECK(compared.saving(kLatency).value().answer.value == Approx(14.41 / 7.2));
  CHECK(compared.rows[0].savings[kEnergy].value().value == 1);
  CHECK(compared.rows[0].savings[kEnergy].value().model == "1");
  CHECK(compared.saving(kEnergy).value().answer.value == Approx(25.49 / 20));
  CHECK(compared.saving(kEnergy).value().row == 2);
}

TEST_CASE("Nothing is said of a published row that no model reaches, nor before test is read", "[compare]") {
  HandRun slow;
  slow.front = {{1, 99, 80, {20}, {}}};
  auto compared =
      against_published(load_run_results(HandRuns({slow}).wish.runs[0]), 0, find_published_table("avmnist"));
  CHECK(compared.has_test);
  CHECK_FALSE(compared.metric_gain());
  CHECK_FALSE(compared.saving(kLatency));
  CHECK(compared.dominated_rows().empty());
  slow.front[0].metric_test.reset();
  HandRuns runs({slow});
  runs.wish.published = "avmnist";
  const auto comparison = runs.compared();
  CHECK_FALSE(comparison.runs[0].published.value().has_test);
  CHECK_THAT(comparison.of.notes.back(), Contains("A has not read the test split yet"));
  CHECK(comparison_json(comparison).at("runs").at(0).at("dominated_rows").is_null());
}

TEST_CASE("A published table wants its classes, and a device to stand beside its own", "[compare]") {
  HandRuns runs({first_run()});
  runs.wish.published = "harmp";
  CHECK_THROWS_WITH(runs.compared(), Contains("tells 10 classes apart, table harmp is about 3"));
  runs.wish.published = "avmnits";
  CHECK_THROWS_WITH(runs.compared(), Contains("did you mean avmnist"));
  auto edge = first_run();
  edge.devices = {"edge"};
  HandRuns others({edge});
  others.wish.published = "avmnist";
  CHECK_THROWS_WITH(others.compared(), Contains("Jetson TX2") && Contains("edge") && Contains("--device NAME"));
  others.wish.devices = {"edge"};
  const auto comparison = others.compared();
  CHECK(comparison.of.published.value().device == "edge");
  CHECK_THAT(comparison.of.notes[0], Contains("those beside them of edge: another device"));
}

TEST_CASE("`compare` prints its tables, and all its numbers as JSON", "[compare]") {
  const HandRuns runs({first_run(), second_run()});
  const auto text = printed({runs.wish.runs[0], runs.wish.runs[1], "--published", "avmnist"});
  for (const char* words : {"hypervolume", "the runs' own", "covers %", "the joint front", "differ by their seed alone",
                            "dominates rows", "metric gained", "note: runs do not say whether"})
    CHECK_THAT(text, Contains(words));
  const auto json =
      nlohmann::json::parse(printed({runs.wish.runs[0], "--published", "avmnist", runs.wish.runs[1], "--json"}));
  const auto& run = json.at("runs").at(0);
  CHECK(run.at("run") == runs.wish.runs[0]);
  CHECK(run.at("hypervolume").get<double>() == Approx(5940));
  // 94 % at 4 ms and 4 mJ, 91 % at 2 and 2: only row 1 is reached.
  CHECK(run.at("dominated_rows") == nlohmann::json({1}));
  CHECK(run.at("metric_gain").get<double>() == Approx(94 - 92.88));
  CHECK(run.at("latency_ratio").get<double>() == Approx(8.96 / 4));
  CHECK(run.at("energy_ratio").get<double>() == Approx(13.93 / 4));
  CHECK(json.at("coverage") == nlohmann::json({{1.0, 0.5}, {0.5, 1.0}}));
  CHECK(json.at("front") == nlohmann::json({{{"run", "B"}, {"model", "7"}}, {{"run", "A"}, {"model", "2"}}}));
  CHECK_THROWS_WITH(compare_command({}), Contains("names no run"));
}

TEST_CASE("The page has a mark a model and row in every plot, and fetches nothing", "[compare]") {
  HandRuns runs({first_run(), second_run()});
  runs.wish.published = "avmnist";
  const auto html = comparison_html(runs.compared());
  // Two plots of fronts and two of test, of 2 + 2 models; the latter with 3 rows.
  CHECK(count(html, "<svg class=\"plot\"") == 4);
  CHECK(count(html, "<g class=\"mark s0\" data-series") == 4 * 2);
  CHECK(count(html, "<g class=\"mark s1\" data-series") == 4 * 2);
  CHECK(count(html, "<g class=\"mark given\" data-series") == 2 * 3);
  CHECK(count(html, "tabindex=\"0\"") == 4);  // one a plot: arrows lead on
  CHECK(count(html, "<button") == 3);
  CHECK_THAT(html, !Contains("src=") && !Contains("href=") && !Contains("@import") && !Contains("url("));
  CHECK_THAT(html, Contains("prefers-color-scheme: dark") && Contains("Set coverage") && Contains("Spread over seeds"));
  const auto svg = comparison_svg(runs.compared());
  CHECK(count(svg, "<svg class=\"plot\"") == 4);
  CHECK_THAT(svg, Contains("published rows of avmnist") && Contains("prefers-color-scheme: dark"));
}

TEST_CASE("Files are written by their ending, and replace their own kind alone", "[compare]") {
  const HandRuns runs({first_run(), second_run()});
  const auto with_out = [&](const std::string& name) {
    return Arguments{runs.wish.runs[0], runs.wish.runs[1], "--out", runs.folder / name};
  };
  for (const std::string name : {"c.html", "c.svg", "c.csv", "c.json"})
    for (int twice = 0; twice < 2; ++twice) (void)printed(with_out(name));
  CHECK_THAT(read_file(runs.folder / "c.html"), Contains("<title>Harmonic: 2 runs compared</title>"));
  CHECK(nlohmann::json::parse(read_file(runs.folder / "c.json")).at("runs").size() == 2);
  const auto csv = CsvTable::read(runs.folder / "c.csv");
  REQUIRE(csv.rows() == 4);
  CHECK(csv.cell(0, csv.column("dominated_by")) == "B");
  CHECK(csv.number(1, csv.column("latency_ms.tx2")) == 2);
  std::filesystem::copy_file(runs.folder / "c.csv", runs.folder / "page.html");
  CHECK_THROWS_WITH(compare_command(with_out("page.html")), Contains("page.html") && Contains("not a comparison"));
  CHECK_THROWS_WITH(compare_command(with_out("c.pdf")), Contains("c.pdf") && Contains(".html"));
  CHECK_THROWS_AS(compare_command({runs.wish.runs[0], "--out", runs.wish.runs[0] + "/front.csv"}), InputError);
}

TEST_CASE("Models are priced on a device that their runs did not have, by a table that is given", "[compare]") {
  const TemporaryFolder folder;
  SearchSettings settings = tiny_run(folder.path());
  OptionSet options("", "");
  settings.declare(options);
  auto hand = first_run();
  hand.config = options.to_ini();
  hand.devices = {"own"};
  hand.front = {{1, 95, 94, {4}, {4}, "1+5:Sum(0,1),SE1(2,0) -> 8"}};
  HandRuns runs({hand});
  const auto table = (folder / "fast.json").string();
  runs.wish.devices = {"tx2=" + table};
  const auto comparison = runs.compared();
  CHECK(comparison.of.devices == std::vector<std::string>{"tx2"});
  const auto &image = find_space("avmnist-image"), &audio = find_space("avmnist-audio");
  const DeviceSet tables({{"tx2", {table}}}, Aggregate::mean, {image, audio}, {10, 10});
  MultimodalGenome genome;
  genome.backbones = {parse_genome("K=3,3,0,0;E=3,3,0,0;D=2", image), parse_genome("K=5,3,0,0;E=3,3,0,0;D=2", audio)};
  const auto expected = tables.model_costs(genome, {"Sum", "SE1"}).front();
  const auto& model = comparison.of.runs[0].results.front[0];
  CHECK(model.costs[kLatency].at(1) == expected[kLatency]);
  CHECK(model.costs[kEnergy].at(1) == expected[kEnergy]);
  CHECK(comparison.of.axes.columns == std::vector<std::string>{"metric_val", "latency_ms.tx2", "energy_mj.tx2"});
  // The reference is what the settings let a search find at most, not what this run found.
  CHECK(comparison.of.reference_origin == "the runs' own");
  genome.backbones = {largest_genome(image), largest_genome(audio)};
  const auto& macro = settings.evolution.macro;
  const auto most = static_cast<std::size_t>(std::ranges::max(macro.other_cells) * std::ranges::max(macro.other_nodes));
  double dearest = 0;
  for (const auto& op : settings.fusion.operators)
    dearest =
        std::max(dearest, tables.model_costs(genome, std::vector<std::string>(most, op)).front()[kLatency].value());
  CHECK(comparison.of.axes.reference.at(1) == Approx(dearest));
  runs.wish.devices = {"own=" + table};
  CHECK_THROWS_WITH(runs.compared(), Contains("device own of its own"));
  runs.wish.devices = {"tx2=" + (folder / "none.json").string()};
  CHECK_THROWS_WITH(runs.compared(), Contains("none.json"));
}

TEST_CASE("Runs are lettered beyond the alphabet", "[compare]") {
  CHECK(letter_of(0) == "A");
  CHECK(letter_of(25) == "Z");
  CHECK(letter_of(26) == "AA");
  CHECK(letter_of(27 * 26) == "AAA");
}
