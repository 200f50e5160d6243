#include "master/report/report.hpp"

#include <fstream>
#include <map>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "master/commands/commands.hpp"
#include "master/run/run_lock.hpp"
#include "master/run/run_status.hpp"
#include "tests/support/captured_stdout.hpp"
#include "tests/support/large_run.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using Catch::Matchers::Contains;
using harmonic::testing::captured_stdout;
using harmonic::testing::large_run;
using harmonic::testing::TemporaryFolder;

namespace {

using Row = std::vector<std::string>;

const Row kHeader = {"id",           "generation",  "metric_val",  "metric_test", "latency_ms.a",
                     "latency_ms.b", "energy_mj.a", "energy_mj.b", "latency",     "energy",
                     "genome.image", "cells",       "nodes",       "genotype",    "seconds"};
const Row kFast = {
    "0", "1", "97.5", "", "1.5", "40", "2", "5", "1", "1", "K=3,3,0,0;E=3,3,0,0;D=2", "1", "1", "0+1:Sum(0,1) -> 1,2",
    "30"};
const Row kGood = {
    "1", "2", "98.5", "", "3.5", "20", "4", "3", "2", "2", "K=5,3,0,0;E=6,3,0,0;D=2", "1", "1", "0+1:SE1(0,1) -> 1,2",
    "40"};
const Row kBad = {
    "2", "2", "90.5", "", "9.5", "60", "9", "9", "3", "3", "K=7,7,0,0;E=6,6,0,0;D=2", "1", "1", "0+1:SE1(1,0) -> 1,2",
    "50"};

void write(const std::filesystem::path& path, const std::vector<Row>& rows) {
  std::ofstream out(path);
  for (const auto& row : rows) out << csv_row(row);
}

Row with(Row row, const std::string& column, const std::string& value) {
  row.at(static_cast<std::size_t>(std::ranges::find(kHeader, column) - kHeader.begin())) = value;
  return row;
}

/// A run directory of three models, two of them on the front.
void write_run(const std::filesystem::path& folder,
               const std::string& config = "[run]\n# seed\nseed = 7\nprotocol = honest\n") {
  write(folder / "candidates.csv", {kHeader, kFast, kGood, kBad});
  write(folder / "front.csv", {kHeader, with(kFast, "metric_test", "96.25"), with(kGood, "metric_test", "98.75")});
  std::ofstream(folder / "config.cfg") << config;
}

}  // namespace

TEST_CASE("The report tells what failed, where and why, and which workers are lost", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path());
  std::ofstream(folder / "status.json") << status_json({});
  CHECK_THAT(read_file(write_report(folder.path())), !Contains("Failures</h2>"));
  write(folder / "failures.csv", {{"time", "task", "work", "genome", "rank", "host", "kind", "reason"},
                                  {"2026-01-02T03:04:05Z", "9", "fusion search of model 7", "K=3,3,0,0;E=3,3,0,0;D=2",
                                   "2", "node7", "candidate", "the loss is not finite <nan>"},
                                  {"2026-01-02T03:04:06Z", "", "", "", "3", "node8", "lost", "has been silent"}});
  const auto html = read_file(write_report(folder.path()));
  for (const char* text : {"Failures", "Of 2 rows in failures.csv one tells of a piece of work that failed for good",
                           "fusion search of model 7", "K=3,3,0,0;E=3,3,0,0;D=2", "node7", "candidate",
                           "the loss is not finite &lt;nan&gt;", "has been silent"})
    CHECK_THAT(html, Contains(text));
  CHECK_THAT(html, !Contains("The run is without"));
  std::ofstream(folder / "status.json") << status_json({.lost_workers = 1, .lost = {{Rank{3}, "node8", "no <GPU>"}}});
  CHECK_THAT(read_file(write_report(folder.path())),
             Contains("The run is without one worker.") && Contains("no &lt;GPU&gt;"));
}

TEST_CASE("A run's results are read back from its files", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path(), "[run]\nseed = 7\n[hardware]\ndevice = a=a.json\ndevice = b=b.json\n");
  const auto results = load_run_results(folder.path());
  CHECK(results.devices == std::vector<std::string>{"a", "b"});
  CHECK(results.modalities == std::vector<std::string>{"image"});
  REQUIRE(results.candidates.size() == 3);
  REQUIRE(results.front.size() == 2);
  CHECK(results.front[0].id == "1");  // best first
  CHECK(results.front[0].metric_test == 98.75);
  CHECK_FALSE(results.candidates[0].metric_test.has_value());
  CHECK(results.candidates[2].costs[kLatency] == std::vector<std::optional<double>>{9.5, 60});
  CHECK(results.candidates[0].genomes[0] == "K=3,3,0,0;E=3,3,0,0;D=2");
  CHECK(results.objectives() == device_objectives());
  CHECK(results.setting("run", "seed") == "7");
  REQUIRE(results.settings.size() == 2);
  CHECK(results.settings[1].entries.size() == 2);
}

TEST_CASE("The report shows models, devices, settings and protocol, and fetches nothing", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path());
  CHECK_THAT(captured_stdout([&] {
               CHECK(report_command({"--run", folder.path().string()}) == ExitCode::done);
             }),
             Contains("report.html"));
  const auto html = read_file(folder / "report.html");
  CHECK_THAT(html, Contains("Latency on a") && Contains("Energy on b") && !Contains("Hypervolume so far"));
  CHECK_THAT(html, Contains("98.50") && Contains("98.75") && Contains("0+1:SE1(0,1) -&gt; 1,2"));
  CHECK_THAT(html, Contains("Protocol <b>honest</b>") && Contains("<td class=\"\" data-label=\"setting\">seed</td>"));
  for (const std::string loads : {"src=\"", "href=\"", "url("})  // what lies in the page itself, and no more
    for (auto at = html.find(loads); at != std::string::npos; at = html.find(loads, at + 1)) {
      const auto from = html.substr(at + loads.size(), 40);
      CHECK((from.starts_with("data:") || from.starts_with("#")));
    }
  CHECK_THAT(html, !Contains("@import") && Contains("default-src 'none'"));
  CHECK_THAT(html, Contains("prefers-color-scheme: dark"));
}

TEST_CASE("The report tells the run's own hypervolumes, with their reference", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path());
  const HypervolumeAxes axes({"metric_val", "latency"}, {0, 12.5});
  add_hypervolume(folder / "hypervolume.csv", axes, {1, 1, 800});
  add_hypervolume(folder / "hypervolume.csv", axes, {2, 3, 1000});
  const auto html = read_file(write_report(folder.path()));
  CHECK_THAT(html, Contains("Hypervolume so far") && Contains("Hypervolume 1000:") &&
                       Contains("metric_val 0, latency 12.5") && Contains("generation 1: 800 (80.0 %)"));
  // Rows from the generation on that a run does again are told anew.
  add_hypervolume(folder / "hypervolume.csv", axes, {2, 4, 1100});
  CHECK(HypervolumeFile::read(folder / "hypervolume.csv").rows ==
        std::vector<HypervolumeFile::Row>{{1, 1, 800}, {2, 4, 1100}});
  std::ofstream(folder / "hypervolume.csv") << "generation\nx";
  CHECK_THAT(read_file(write_report(folder.path())), Contains("has kept no hypervolumes"));
}

TEST_CASE("A table's rows become cards below the width that its columns need", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path());
  const auto html = read_file(write_report(folder.path()));
  CHECK_THAT(html, Contains("<table class=\"stack-480\">") && Contains("data-label=\"val %\"") &&
                       Contains("@media (max-width: 480px)") && Contains(".stack-480 thead"));
}

TEST_CASE("Late fusion of the same backbones stands beside every model of the front", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path());
  const auto late_of = [](Row row, const char* id, const char* metric, const char* kind) {
    for (const auto& [column, value] : std::map<std::string, std::string>{
             {"id", id}, {"metric_val", metric}, {"cells", "0"}, {"nodes", "0"}, {"genotype", kind}})
      row = with(row, column, value);
    return row;
  };
  const Row sum = late_of(kGood, "3", "97.25", "late:sum"), maps = late_of(kGood, "4", "98.125", "late:maps");
  write(folder / "candidates.csv", {kHeader, kFast, kGood, kBad, sum, maps});
  write(folder / "front.csv", {kHeader, kFast, kGood, maps});
  const auto results = load_run_results(folder.path());
  CHECK(results.late_fusion(results.candidates[1]) == 98.125);
  CHECK_FALSE(results.late_fusion(results.candidates[0]));
  const auto html = report_html(results, "run");
  CHECK_THAT(html, Contains("late %") && Contains("98.12") && Contains("late:maps") && !Contains("0 cells x 0 nodes"));
}

TEST_CASE("The report shows standard errors, and how far validation is above test over the front", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path());
  CHECK_THAT(report_html(load_run_results(folder.path()), "t"),
             Contains("Winner's curse: over the front validation is +0.50 points from test.") && !Contains("± 0"));
  const auto with_errors = [](Row row, const Row& cells) {
    row.insert(row.end(), cells.begin(), cells.end());
    return row;
  };
  const auto header = with_errors(kHeader, {"metric_val_se", "metric_test_se", "metric_val_first"});
  const auto fast = with_errors(with(kFast, "metric_test", "96.25"), {"0.41", "0.5", "98.25"});
  const auto good = with_errors(with(kGood, "metric_test", "98.75"), {"0.25", "0.125", "99.25"});
  write(folder / "candidates.csv", {header, fast, good});
  write(folder / "front.csv", {header, fast, good});
  CHECK_THAT(report_html(load_run_results(folder.path()), "t"),
             Contains("97.50 ± 0.41") && Contains("98.75 ± 0.12") &&
                 Contains("validation is +0.50 points from test; their first retrainings were +1.25 from it."));
}

TEST_CASE("The report says what one device's best costs on the others", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path());
  const auto html = report_html(load_run_results(folder.path()), "t");
  // Within one point of 98.5 %: model 0 is fastest on a (1.5 ms) and takes twice b's best (20 ms) there.
  CHECK_THAT(html, Contains("40.000 ms (+100 %)") && Contains("3.500 ms (+133 %)"));
}

TEST_CASE("A run without energies is reported by its latencies", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path());
  const auto bare = [](Row row) {
    for (const char* column : {"energy_mj.a", "energy_mj.b", "energy"}) row = with(row, column, "");
    return row;
  };
  write(folder / "candidates.csv", {kHeader, bare(kFast), bare(kGood)});
  write(folder / "front.csv", {kHeader, bare(kFast), bare(kGood)});
  const auto html = report_html(load_run_results(folder.path()), "t");
  CHECK_THAT(html, Contains("Latency on a") && !Contains("Energy on a"));
}

TEST_CASE("A latency that a model lacks is shown as absent, and the model compared on no device", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path());
  const auto bare = with(kFast, "latency_ms.b", "");
  write(folder / "candidates.csv", {kHeader, bare, kGood, kBad});
  write(folder / "front.csv", {kHeader, bare, kGood});
  auto html = report_html(load_run_results(folder.path()), "t");
  CHECK_THAT(html,
             Contains("–") && Contains("One device's best") && !Contains("(+100 %)") && Contains("20.000 – 20.000"));
  write(folder / "candidates.csv", {kHeader, bare, with(kGood, "latency_ms.a", "")});
  write(folder / "front.csv", {kHeader, bare, with(kGood, "latency_ms.a", "")});
  html = report_html(load_run_results(folder.path()), "t");
  CHECK_THAT(html, Contains("–") && !Contains("One device's best"));
}

TEST_CASE("A run that has scored nothing yet still has a report", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path());
  write(folder / "candidates.csv", {kHeader});
  write(folder / "front.csv", {kHeader});
  CHECK_THAT(report_html(load_run_results(folder.path()), "t"), Contains("No model has been scored"));
}

TEST_CASE("The report tells the protocol, and refuses one that it does not know", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path(), "[run]\nprotocol = published\n");
  CHECK_THAT(read_file(write_report(folder.path())), Contains("Protocol <b>published</b>: as in the published code"));
  write_run(folder.path(), "[run]\nseed = 7\n");
  CHECK_THAT(read_file(write_report(folder.path())), Contains("Protocol: not recorded."));
  write_run(folder.path(), "[run]\nprotocol = honst\n");
  CHECK_THROWS_WITH(write_report(folder.path()), Contains("config.cfg") && Contains("did you mean honest"));
}

TEST_CASE("A damaged status.json costs the report the lost workers alone", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path());
  for (const std::string damaged : {"{\"state\": \"finis", "{}", "[]", "{\"lost\": [{\"rank\": \"1\"}]}"}) {
    std::ofstream(folder / "status.json") << damaged;
    const auto results = load_run_results(folder.path());
    CHECK(results.lost.empty());
    CHECK(results.candidates.size() == 3);
  }
}

TEST_CASE("A folder that is no run, or whose files are damaged, is refused", "[report]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(write_report(folder / "none"), Contains("there is no folder") && Contains("none"));
  CHECK_THROWS_WITH(write_report(folder.path()), Contains("holds no run") && Contains("config.cfg"));
  write_run(folder.path());
  std::filesystem::remove(folder / "candidates.csv");
  CHECK_THROWS_WITH(write_report(folder.path()), Contains("has no candidates.csv"));
  write_run(folder.path());
  write(folder / "candidates.csv", {kHeader, with(kFast, "latency_ms.b", "fast")});
  CHECK_THROWS_AS(write_report(folder.path()), InputError);
  CHECK_THROWS_WITH(write_report(folder.path()), Contains("candidates.csv line 2, column 'latency_ms.b'"));
}

TEST_CASE("`report` says where the page is, for people and for scripts", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path());
  const std::string page = folder / "report.html";
  CHECK(captured_stdout([&] { report_command({"--run", folder.path()}); }) == page + "\n");
  const auto text = captured_stdout([&] { report_command({"--run", folder.path(), "--json"}); });
  CHECK(nlohmann::json::parse(text) == nlohmann::json{{"report", page}});
}

TEST_CASE("The report of 20,000 models stays below 4 MB, and says how it does", "[report]") {
  const TemporaryFolder folder;
  large_run(20'000).write(folder.path());
  const auto html = read_file(write_report(folder.path()));
  CHECK(html.size() < 4'000'000);
  CHECK_THAT(html, Contains("Of the 19880 models that others dominate") && Contains("one in 10 as they were scored"));
}

TEST_CASE("The report of a run that goes on loads itself again, and the last one does not", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path());
  const auto goes_on = [&] {
    return read_file(write_report(folder.path())).find("id=\"goes-on\"") != std::string::npos;
  };
  CHECK_THAT(read_file(write_report(folder.path(), true)),
             Contains("The search goes on") && Contains("http-equiv=\"refresh\""));
  CHECK_THAT(read_file(write_report(folder.path(), false)),
             !Contains("id=\"goes-on\"") && !Contains("http-equiv=\"refresh\""));
  std::ofstream(folder / "status.json") << status_json({});
  CHECK_FALSE(goes_on());  // it was killed: nobody holds its lock
  const RunLock lock(folder.path());
  CHECK(goes_on());
  std::ofstream(folder / "candidates.csv", std::ios::app) << "17,3,9";  // a row that is being written
  CHECK(goes_on());
}

TEST_CASE("The report says what the results come from", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path());
  std::ofstream(folder / "inputs.json")
      << R"({"classes": "10", "data": "00ff00ff00ff00ff", "data provenance": "drawn <digits>", "table of a": "0123456789abcdef"})";
  const auto html = read_file(write_report(folder.path()));
  CHECK_THAT(html, Contains("data, hash of its content") && Contains("00ff00ff00ff00ff") &&
                       Contains("drawn &lt;digits&gt;") && Contains("harmonic that wrote this report"));
}

TEST_CASE("A damaged timeline costs the report its chart alone", "[report]") {
  const TemporaryFolder folder;
  write_run(folder.path());
  std::ofstream(folder / "timeline.csv") << "began_s,ended_s,kind,rank,host,about\n1,x,test,1,n,test\n";
  const auto html = read_file(write_report(folder.path()));
  CHECK_THAT(html, !Contains("id=\"workers\"") && Contains("id=\"front\""));
}
