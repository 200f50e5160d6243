// The main job: determinism, death and resurrection.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "core/space/genotype.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/system/world.hpp"

using namespace harmonic;
using namespace harmonic::testing;

namespace {

/// A run that nothing happened to, on three ranks; made once.
const std::filesystem::path& undisturbed() {
  static const std::filesystem::path run_folder = [] {
    const World w = world();
    const auto folder = w.folder / "undisturbed";
    std::filesystem::remove_all(folder);
    const auto finished = run(w.on_ranks(3, w.search(folder)));
    INFO(finished.err);
    REQUIRE(finished.exit_code == 0);
    return folder;
  }();
  return run_folder;
}

void check_same_results(const std::filesystem::path& run_folder) {
  for (const auto* file : {"candidates.csv", "front.csv"})
    CHECK(without_seconds(run_folder / file) == without_seconds(undisturbed() / file));
}

nlohmann::json status_of(const std::filesystem::path& run_folder) {
  return nlohmann::json::parse(read_file(run_folder / "status.json"));
}

/// As a script sees it. @param exit_code none: the run has not ended
void check_status(const std::filesystem::path& run_folder, const std::string& state, std::optional<int> exit_code) {
  const auto status = status_of(run_folder);
  CHECK(status.at("state") == state);
  CHECK(status.contains("exit_code") == exit_code.has_value());
  if (exit_code) CHECK(status.value("exit_code", -1) == *exit_code);
}

/// Rows of failures.csv of this kind.
std::size_t failures(const std::filesystem::path& run_folder, const std::string& kind) {
  const auto table = CsvTable::read(run_folder / "failures.csv");
  std::size_t count = 0;
  for (std::size_t row = 0; row < table.rows(); ++row) count += table.cell(row, table.column("kind")) == kind ? 1 : 0;
  return count;
}

std::size_t journal_bytes(const std::filesystem::path& run_folder) {
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(run_folder / "journal", missing);
  return missing ? 0 : bytes;
}

/// Waits until some results are in, but not all of them.
bool until_the_middle(Process& process, const std::filesystem::path& run_folder) {
  return wait_until(process, [&] { return journal_bytes(run_folder) > journal_bytes(undisturbed()) * 55 / 100; });
}

}  // namespace

TEST_CASE("A search leaves a front, every candidate, the models of the front and a report", "[search]") {
  const auto& run_folder = undisturbed();
  const auto front = CsvTable::read(run_folder / "front.csv");
  REQUIRE(front.rows() > 0);
  const std::vector<std::string> columns = {"id",
                                            "generation",
                                            "metric_val",
                                            "metric_val_se",
                                            "predicted",
                                            "metric_test",
                                            "metric_test_se",
                                            "latency_ms.gpu",
                                            "latency_ms.cpu",
                                            "energy_mj.gpu",
                                            "energy_mj.cpu",
                                            "latency",
                                            "energy",
                                            "parameters",
                                            "macs",
                                            "genome.image",
                                            "genome.audio",
                                            "cells",
                                            "nodes",
                                            "genotype",
                                            "retrainings",
                                            "metric_val_first",
                                            "seconds"};
  CHECK(front.header() == columns);
  CHECK(CsvTable::read(run_folder / "candidates.csv").header() == columns);
  for (std::size_t row = 0; row < front.rows(); ++row) {
    CHECK(front.number(row, front.column("metric_test")) > 0);
    const auto model = run_folder / "models" / front.cell(row, front.column("id"));
    CHECK(std::filesystem::exists(model / "weights.h5"));
    CHECK(std::filesystem::exists(model / "model.json"));
    CHECK_THAT(read_file(model / "architecture.dot"), Catch::StartsWith("digraph"));
    CHECK_THAT(read_file(model / "architecture.svg"), Catch::StartsWith("<svg") && Catch::Contains("gpu %"));
  }
  const auto candidates = CsvTable::read(run_folder / "candidates.csv");
  std::map<LateFusion, int> kinds;
  for (std::size_t row = 0; row < candidates.rows(); ++row) {
    const auto text = candidates.cell(row, candidates.column("genotype"));
    INFO(text);
    const auto genotype = parse_genotype(text);
    ++kinds[genotype.late];
    if (genotype.late != LateFusion::none) {
      CHECK(candidates.number(row, candidates.column("cells")) == 0);
      continue;
    }
    const auto cells = static_cast<int>(genotype.cells.size()), inputs = genotype.concat.back() + 1 - cells;
    CHECK(candidates.number(row, candidates.column("cells")) == cells);
    std::set<int> read(genotype.concat.begin(), genotype.concat.end());
    CHECK(*read.begin() >= inputs);
    for (const auto& cell : genotype.cells) read.insert({cell.first, cell.second});
    CHECK(*read.begin() < inputs / 2);              // of pictures
    CHECK(*read.lower_bound(inputs / 2) < inputs);  // of sounds, which offer as many
    for (int c = 0; c < cells; ++c) CHECK(read.contains(inputs + c));
  }
  CHECK(kinds[LateFusion::none] > 0);
  for (const auto& [word, late] : kLateFusions) CHECK(kinds[late] == kinds[LateFusion::sum]);
  CHECK(kinds[LateFusion::sum] > 0);
  for (const auto* file : {"config.cfg", "journal", "checkpoint.h5", "log.txt", "report.html"})
    CHECK(std::filesystem::exists(run_folder / file));
  check_status(run_folder, "finished", 0);
  const auto status = status_of(run_folder);
  CHECK(status.at("generation") == 2);
  CHECK(status.at("done") > 0);
  CHECK(status.at("failed") == 0);
  CHECK(status.at("lost").empty());
  CHECK_FALSE(std::filesystem::exists(run_folder / "failures.csv"));
}

TEST_CASE("A finished run's model is selected, and the run laid over its copy and the published rows", "[search]") {
  const World w = world();
  const auto& run_folder = undisturbed();
  const auto front = CsvTable::read(run_folder / "front.csv");
  const auto printed = [&](const std::vector<std::string>& words) {
    const auto finished = run(w.alone(words));
    INFO(finished.err);
    REQUIRE(finished.exit_code == 0);
    return finished;
  };
  const auto best = [&](std::string_view column) {
    std::size_t row = 0;
    for (std::size_t r = 1; r < front.rows(); ++r)
      if (front.number(r, front.column(column)) < front.number(row, front.column(column))) row = r;
    return row;
  };
  const auto fastest = best("latency_ms.gpu");
  const auto knee = printed({"select", run_folder.string()});
  CHECK(std::filesystem::exists(run_folder / "models" / trim(knee.out)));
  CHECK_THAT(knee.err, Catch::Contains("given up") && Catch::Contains("genome.image"));
  const auto bound = "latency_ms.gpu=" + front.cell(fastest, front.column("latency_ms.gpu"));
  const auto selected =
      nlohmann::json::parse(printed({"select", "--run", run_folder.string(), "--max", bound, "--json"}).out);
  CHECK(selected.at("model") == front.cell(fastest, front.column("id")));
  CHECK(selected.at("given_up").at("latency_ms.gpu").at("loss") == 0);

  const TemporaryFolder folder;
  const auto copy = folder / "copy";
  std::filesystem::copy(run_folder, copy, std::filesystem::copy_options::recursive);
  const auto page = folder / "c.html";
  const auto json = nlohmann::json::parse(printed({"compare", run_folder.string(), copy, "--published", "avmnist",
                                                   "--device", "gpu", "--out", page, "--json"})
                                              .out);
  const auto volumes = CsvTable::read(run_folder / "hypervolume.csv");
  for (const auto& of_run : json.at("runs")) {
    CHECK(of_run.at("on_joint_front") == front.rows());
    CHECK(of_run.at("models") == front.rows());
    CHECK(of_run.at("dominated_rows").is_array());
  }
  CHECK(json.at("coverage") == nlohmann::json({{1.0, 1.0}, {1.0, 1.0}}));
  CHECK(json.at("seeds").empty());
  CHECK(std::filesystem::file_size(page) > 10'000);
  const auto own = nlohmann::json::parse(printed({"compare", run_folder.string(), "--json"}).out);
  CHECK(own.at("runs").at(0).at("hypervolume").get<double>() ==
        Approx(volumes.number(volumes.rows() - 1, volumes.column("hypervolume"))));
}

TEST_CASE("Every model of a front is exported, and says what the run's own says", "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto front = CsvTable::read(undisturbed() / "front.csv");
  const auto exported = [&](const std::string& id, const std::vector<std::string>& more) {
    std::vector<std::string> words = {"export", "--run", undisturbed(), "--model", id, "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return run(w.alone(words));
  };
  const auto said = [&](const std::string& id, const std::vector<std::string>& more) {
    const auto finished = exported(id, more);
    INFO(finished.err);
    REQUIRE(finished.exit_code == 0);
    return nlohmann::json::parse(finished.out);
  };
  for (std::size_t row = 0; row < front.rows(); ++row) {
    const auto id = front.cell(row, front.column("id"));
    const std::string out = folder / ("made/" + id + ".onnx");
    const auto json = said(id, {"--out", out});
    CHECK(json.at("file") == out);
    CHECK(json.at("bytes") == std::filesystem::file_size(out));
    CHECK(json.at("parameters") == front.number(row, front.column("parameters")));
    CHECK(json.at("macs") == front.number(row, front.column("macs")));
    CHECK(json.at("verified") == 64);
    CHECK(json.at("largest_difference") < 1e-3);
  }
  const auto id = front.cell(0, front.column("id"));
  const std::string out = folder / "model";
  const auto whole = said(id, {"--out", out, "--precision", "int8", "--with-preprocessing", "--data", w.data()});
  CHECK(whole.at("metric") > whole.at("metric_float32").get<double>() - 10);
  CHECK(whole.at("bytes") < std::filesystem::file_size(folder / ("made/" + id + ".onnx")) / 2);
  // A file of another kind stays.
  const auto before = read_file(out);
  CHECK(exported(id, {"--out", out, "--format", "libtorch"}).exit_code == 2);
  CHECK(read_file(out) == before);
  CHECK(said(id, {"--out", folder / "model.pt", "--format", "libtorch"}).at("largest_difference") < 1e-3);
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) files.insert(entry.path().filename());
  CHECK(files == std::set<std::string>{"made", "model", "model.pt"});
}

TEST_CASE("A model that cannot be exported is refused by what stands against it", "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto front = CsvTable::read(undisturbed() / "front.csv");
  const auto candidates = CsvTable::read(undisturbed() / "candidates.csv");
  const auto front_id = front.cell(0, front.column("id"));
  std::string not_kept;
  for (std::size_t row = 0; row < candidates.rows() && not_kept.empty(); ++row)
    if (const auto id = candidates.cell(row, candidates.column("id"));
        !std::filesystem::exists(undisturbed() / "models" / id))
      not_kept = id;
  REQUIRE_FALSE(not_kept.empty());
  REQUIRE(run(w.alone({"data", "synth", "--kind", "movie-posters", "--samples", "60", "--out", folder / "other.h5"}))
              .exit_code == 0);
  const auto check_refused = [&](const std::string& id, const std::vector<std::string>& more,
                                 const std::vector<std::string>& named) {
    std::vector<std::string> words = {"export", "--run", undisturbed(), "--out", folder / "model.onnx", "--model", id};
    words.insert(words.end(), more.begin(), more.end());
    const auto finished = run(w.alone(words));
    CHECK(finished.exit_code == 2);
    CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
    for (const auto& word : named) CHECK_THAT(finished.err, Catch::Contains(word));
    CHECK_FALSE(std::filesystem::exists(folder / "model.onnx"));
  };
  check_refused(not_kept, {}, {"weights", "keep-models = all", front_id});
  check_refused("4711", {}, {"4711", front_id});
  check_refused(front_id, {"--data", folder / "other.h5"}, {"audio"});
  // The same shapes, but other samples: the file would scale as they do.
  REQUIRE(run(w.alone({"data", "synth", "--kind", "av-digits", "--samples", "300", "--seed", "9", "--out",
                       folder / "digits.h5"}))
              .exit_code == 0);
  check_refused(front_id, {"--data", folder / "digits.h5"}, {"other samples", "data set of the run"});
  check_refused(front_id, {"--with-preprocessing"}, {"--with-preprocessing", "--data"});
  check_refused(front_id, {"--precision", "int8"}, {"--precision int8", "--data"});
  check_refused(front_id, {"--precision", "int8", "--format", "libtorch", "--data", w.data()}, {"--format onnx"});
}

TEST_CASE("A kept model evaluated again on test is what its run said, beside its parts; the report shows it",
          "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto run_folder = folder / "run";
  std::filesystem::copy(undisturbed(), run_folder, std::filesystem::copy_options::recursive);
  const auto front = CsvTable::read(run_folder / "front.csv");
  const auto evaluate = [&](const std::string& id, const std::vector<std::string>& more) {
    std::vector<std::string> words = {"evaluate", "--run", run_folder, "--model", id};
    words.insert(words.end(), more.begin(), more.end());
    return run(w.alone(words));
  };
  for (std::size_t row = 0; row < front.rows(); ++row) {
    const auto id = front.cell(row, front.column("id"));
    const auto finished = evaluate(id, {"--data", w.data(), "--json"});
    INFO(finished.err);
    REQUIRE(finished.exit_code == 0);
    const auto json = nlohmann::json::parse(finished.out);
    const double metric = json.at("metric");
    CHECK(metric == Approx(front.number(row, front.column("metric_test"))));
    CHECK(json.at("interval")[0] < metric);
    CHECK(json.at("interval")[1] >= metric);
    CHECK(json.at("unimodal").size() == 2);
    CHECK(json.at("missing").size() == 2);
    std::int64_t right = 0, all = 0;
    for (std::size_t c = 0; c < json.at("confusion").size(); ++c) {
      right += json.at("confusion")[c][c].get<std::int64_t>();
      for (const auto& count : json.at("confusion")[c]) all += count.get<std::int64_t>();
    }
    CHECK(all == json.at("samples"));
    CHECK(100.0 * static_cast<double>(right) / static_cast<double>(all) == Approx(metric));
    CHECK(nlohmann::json::parse(read_file(run_folder / "models" / id / "evaluation.test.json")) == json);
    CHECK_THAT(read_file(run_folder / "report.html"), Catch::Contains("Model " + id + " on test"));
  }
  const auto id = front.cell(0, front.column("id"));
  CHECK_THAT(evaluate(id, {"--data", w.data(), "--split", "val"}).out,
             Catch::Contains("samples of val") && Catch::Contains("audio alone"));
  const auto kept = read_file(run_folder / "models" / id / "evaluation.test.json");
  REQUIRE(run(w.alone({"data", "synth", "--kind", "av-digits", "--samples", "300", "--seed", "9", "--out",
                       folder / "digits.h5"}))
              .exit_code == 0);
  CHECK_THAT(evaluate(id, {"--data", folder / "digits.h5"}).err, Catch::Contains("another data set"));
  CHECK(read_file(run_folder / "models" / id / "evaluation.test.json") == kept);
  for (const auto& [more, named] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{{{"--data", w.data(), "--split", "tset"}, "test"},
                                                                     {{"--data", folder / "none.h5"}, "none.h5"},
                                                                     {{}, "--data"}}) {
    const auto refused = evaluate(id, more);
    CHECK(refused.exit_code == 2);
    CHECK_THAT(refused.err, Catch::Contains(named));
  }
  CHECK(evaluate("4711", {"--data", w.data()}).exit_code == 2);
}

TEST_CASE("The number of ranks does not change the result", "[search]") {
  const World w = world();
  for (const int ranks : {1, 2, 4}) {
    const TemporaryFolder folder;
    const auto finished = run(w.on_ranks(ranks, w.search(folder / "run", {"--json"})));
    INFO(ranks << " ranks: " << finished.err);
    REQUIRE(finished.exit_code == 0);
    check_same_results(folder / "run");
    const auto json = nlohmann::json::parse(finished.out);
    CHECK(json.at("front").size() == CsvTable::read(folder / "run" / "front.csv").rows());
    CHECK(json.at("hypervolume").get<double>() > 0);
  }
}

TEST_CASE("A job killed in the middle and resumed gives the result of one never killed", "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  {
    Process process(w.on_ranks(3, w.search(folder / "run")));
    REQUIRE(until_the_middle(process, folder / "run"));
    process.kill_all();
    process.wait();
  }
  REQUIRE_FALSE(std::filesystem::exists(folder / "run" / "report.html"));
  check_status(folder / "run", "running", {});  // nobody is left to say otherwise
  const auto before = journal_bytes(folder / "run");
  const auto resumed = run(w.on_ranks(3, w.search(folder / "run", {"--resume"})));
  INFO(resumed.err);
  REQUIRE(resumed.exit_code == 0);
  check_same_results(folder / "run");
  check_status(folder / "run", "finished", 0);
  CHECK(journal_bytes(folder / "run") > before);
}

TEST_CASE("A worker killed in the middle of a fusion search costs that search a retry and nothing else", "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto log_file = folder / "run" / "log.txt";
  Process process(w.traced_on_ranks(3, w.search(folder / "run")));
  const std::string given = "worker 2 gets fusion search of model ";
  pid_t worker = 0;
  REQUIRE(wait_until(process, [&] {
    if (worker == 0) worker = process.rank(2);
    return std::filesystem::exists(log_file) && read_file(log_file).find(given) != std::string::npos;
  }));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // a search takes several times as long
  REQUIRE(worker > 0);
  check_status(folder / "run", "running", {});
  REQUIRE(kill(worker, SIGKILL) == 0);
  const auto finished = process.wait();
  INFO(finished.err);
  const auto log = read_file(log_file);
  const auto model = log.substr(log.find(given) + given.size(), 1);
  CHECK_THAT(log, Catch::Contains("is dealt again: fusion search of model " + model));
  CHECK_THAT(log, Catch::Contains("retried 1, failed 0, workers lost 1"));
  check_status(folder / "run", "finished", 0);
  const auto status = status_of(folder / "run");
  CHECK(status.at("retried") == 1);
  CHECK(status.at("lost_workers") == 1);
  REQUIRE(status.at("lost").size() == 1);
  CHECK(status.at("lost").at(0).at("rank") == 2);
  CHECK_THAT(status.at("lost").at(0).at("reason").get<std::string>(), Catch::Contains("silent"));
  CHECK(CsvTable::read(folder / "run" / "failures.csv").rows() == 2);
  CHECK(failures(folder / "run", "lost") == 1);
  CHECK(failures(folder / "run", "retry") == 1);
  CHECK_THAT(read_file(folder / "run" / "report.html"), Catch::Contains("The run is without one worker."));
  check_same_results(folder / "run");
}

TEST_CASE("A run whose last worker is killed fails, says so where scripts look, and goes on when it is resumed",
          "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  {
    Process process(w.on_ranks(2, w.search(folder / "run")));
    REQUIRE(until_the_middle(process, folder / "run"));
    REQUIRE(kill(process.rank(1), SIGKILL) == 0);
    const auto failed = process.wait();
    INFO(failed.err);
    CHECK(failed.exit_code == 1);
    CHECK_THAT(failed.err, Catch::Contains("no worker is left") && Catch::Contains("--resume"));
  }
  check_status(folder / "run", "failed", 1);
  CHECK(status_of(folder / "run").at("lost").at(0).at("rank") == 1);
  CHECK(failures(folder / "run", "lost") == 1);
  const auto resumed = run(w.on_ranks(2, w.search(folder / "run", {"--resume"})));
  INFO(resumed.err);
  REQUIRE(resumed.exit_code == 0);
  check_status(folder / "run", "finished", 0);
  check_same_results(folder / "run");
}

TEST_CASE("A worker that is stopped right before the end is left behind, and the job ends by itself", "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto log_file = folder / "run" / "log.txt";
  Process process(w.traced_on_ranks(3, w.search(folder / "run")));
  pid_t worker = 0;
  REQUIRE(wait_until(process, [&] {
    if (worker == 0) worker = process.rank(2);
    return std::filesystem::exists(log_file) && read_file(log_file).find("gets test of model") != std::string::npos;
  }));
  REQUIRE(worker > 0);
  REQUIRE(kill(worker, SIGSTOP) == 0);
  const auto finished = process.wait();
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  CHECK_THAT(read_file(log_file), Catch::Contains("worker 2 on "));  // silent for its lease, or without a goodbye
  CHECK(std::filesystem::exists(folder / "run" / "report.html"));
  check_same_results(folder / "run");
}

TEST_CASE("A worker that is stopped at the start does not hold the others up", "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  Process process(w.on_ranks(3, w.search(folder / "run")));
  pid_t worker = 0;
  REQUIRE(wait_until(process, [&] {
    if (worker == 0) worker = process.rank(2);
    return worker > 0 && std::filesystem::exists(folder / "run");  // all ranks have met
  }));
  REQUIRE(kill(worker, SIGSTOP) == 0);
  const auto finished = process.wait();
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  check_same_results(folder / "run");
}

TEST_CASE("A signal stops the run with a checkpoint and exit code 3", "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  std::string line;  // that goes on with it
  {
    Process process(w.on_ranks(2, w.search(folder / "run")));
    REQUIRE(until_the_middle(process, folder / "run"));
    REQUIRE(kill(process.rank(0), SIGTERM) == 0);
    const auto stopped = process.wait();
    INFO(stopped.err);
    CHECK(stopped.exit_code == 3);
    const std::string before = "go on with: ";
    const auto at = stopped.err.find(before);
    REQUIRE(at != std::string::npos);
    line = first_line(stopped.err.substr(at + before.size()));
    CHECK(std::filesystem::exists(folder / "run" / "checkpoint.h5"));
    check_status(folder / "run", "stopped", 3);
  }
  const auto resumed = run({"sh", "-c", line});
  INFO(resumed.err);
  REQUIRE(resumed.exit_code == 0);
  check_same_results(folder / "run");
}

TEST_CASE("A signal at any moment of the start stops the run with exit code 3", "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  for (const int milliseconds : {60, 150, 300, 700}) {
    const auto directory = folder / std::to_string(milliseconds);
    Process process(w.on_ranks(3, w.search(directory)));
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    process.signal(SIGTERM);
    const auto stopped = process.wait();
    INFO(milliseconds << " ms\n" << stopped.err);
    CHECK(stopped.exit_code == 3);
    CHECK_FALSE(std::filesystem::exists(directory / "report.html"));
  }
}

TEST_CASE("Several pairs at once give the same front on any number of workers, killed and resumed or not", "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  const int pairs = 5;  // a generation, all of one macro-architecture: pieces of three and two
  const auto words = [&](const std::string& name) {
    auto search = w.search(folder / name, {"--resume", "--backbone-survivors", "1", "--macro-other", "0", "--cells",
                                           "1", "--pairs-at-once", "3"});
    *std::next(std::ranges::find(search, "--pairs")) = std::to_string(pairs);
    return search;
  };
  for (const int ranks : {2, 3}) {
    const auto finished = run(w.traced_on_ranks(ranks, words(std::to_string(ranks))));
    INFO(ranks << " ranks: " << finished.err);
    REQUIRE(finished.exit_code == 0);
  }
  {
    Process process(w.on_ranks(3, words("killed")));
    REQUIRE(wait_until(process, [&] { return journal_bytes(folder / "killed") > journal_bytes(folder / "2") / 2; }));
    process.kill_all();
    process.wait();
  }
  REQUIRE_FALSE(std::filesystem::exists(folder / "killed" / "report.html"));
  auto as_found = words("killed");
  *std::next(std::ranges::find(as_found, "--pairs-at-once")) = "auto";  // what the run has
  const auto resumed = run(w.on_ranks(2, as_found));
  INFO(resumed.err);
  REQUIRE(resumed.exit_code == 0);
  CHECK_THAT(read_file(folder / "2" / "log.txt"), Catch::Contains("gets fusion search of models 1, 2 and 3"));
  const auto candidates = CsvTable::read(folder / "2" / "candidates.csv");
  int searched = 0;
  for (std::size_t row = 0; row < candidates.rows(); ++row)
    searched += candidates.number(row, candidates.column("cells")) > 0 ? 1 : 0;
  CHECK(searched == 2 * pairs);
  for (const std::string other : {"3", "killed"}) {
    CHECK(read_file(folder / other / "front.csv") == read_file(folder / "2" / "front.csv"));
    CHECK(without_seconds(folder / other / "candidates.csv") == without_seconds(folder / "2" / "candidates.csv"));
  }
}

TEST_CASE("A journal cut short anywhere is recovered with a word", "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto copy = folder / "run";
  std::filesystem::copy(undisturbed(), copy, std::filesystem::copy_options::recursive);
  std::filesystem::remove(copy / "checkpoint.h5");
  std::filesystem::resize_file(copy / "journal", journal_bytes(undisturbed()) * 6 / 10);
  const auto resumed = run(w.on_ranks(3, w.search(copy, {"--resume"})));
  INFO(resumed.err);
  REQUIRE(resumed.exit_code == 0);
  CHECK_THAT(resumed.err, Catch::Contains("journal"));
  check_same_results(copy);
}

TEST_CASE("A resumed run finds its files at other paths by their contents, and refuses changed ones by name",
          "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto copy = folder / "run";
  std::filesystem::copy(undisturbed(), copy, std::filesystem::copy_options::recursive);
  std::filesystem::remove(copy / "checkpoint.h5");
  std::filesystem::remove(copy / "checkpoint.h5.previous");
  std::filesystem::resize_file(copy / "journal", journal_bytes(undisturbed()) * 6 / 10);
  const auto scratch = folder / "scratch";
  std::filesystem::create_directories(scratch);
  std::filesystem::copy_file(w.data(), scratch / "d.h5");
  for (const std::string name : {"image", "audio"})
    std::filesystem::copy_file(w.weights(name), scratch / (name + "-supernet.h5"));
  for (const std::string name : {"gpu", "cpu"})
    std::filesystem::copy_file(w.source / "luts" / ("edge-" + name + ".json"), scratch / (name + ".json"));
  // All other settings are the run's own.
  const std::vector<std::string> words = {"search",
                                          "--config",
                                          copy / "config.cfg",
                                          "--data",
                                          scratch / "d.h5",
                                          "--run",
                                          copy,
                                          "--resume",
                                          "--modality",
                                          "image=avmnist-image," + (scratch / "image-supernet.h5").string(),
                                          "--modality",
                                          "audio=avmnist-audio," + (scratch / "audio-supernet.h5").string(),
                                          "--device",
                                          "gpu=" + (scratch / "gpu.json").string(),
                                          "--device",
                                          "cpu=" + (scratch / "cpu.json").string()};
  const auto resumed = run(w.on_ranks(2, words));
  INFO(resumed.err);
  REQUIRE(resumed.exit_code == 0);
  check_same_results(copy);

  const auto journal = read_file(copy / "journal");
  const auto refused = [&](const std::string& what) {
    const auto again = run(w.on_ranks(2, words));
    INFO(again.err);
    CHECK(again.exit_code == 2);
    CHECK_THAT(again.err, Catch::Contains(what));
    CHECK(read_file(copy / "journal") == journal);
    check_status(copy, "finished", 0);
  };
  std::filesystem::copy_file(w.source / "luts/edge-cpu.json", scratch / "gpu.json",
                             std::filesystem::copy_options::overwrite_existing);
  refused("gpu.json (table of gpu)");
  std::filesystem::copy_file(w.source / "luts/edge-gpu.json", scratch / "gpu.json",
                             std::filesystem::copy_options::overwrite_existing);
  std::filesystem::copy_file(scratch / "image-supernet.h5", scratch / "kept.h5");
  std::ofstream(scratch / "image-supernet.h5", std::ios::app) << "more";
  refused("image-supernet.h5 (weights of image)");
  std::filesystem::rename(scratch / "kept.h5", scratch / "image-supernet.h5");
  REQUIRE(run(w.alone({"data", "synth", "--out", scratch / "other.h5", "--samples", "300", "--seed", "9"})).exit_code ==
          0);
  std::filesystem::rename(scratch / "other.h5", scratch / "d.h5");
  refused("d.h5 (data) and");
  refused("d.h5 (test data)");
}

TEST_CASE("A finished run that is resumed says so and changes nothing, but draws what an earlier one did not",
          "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto copy = folder / "run";
  std::filesystem::copy(undisturbed(), copy, std::filesystem::copy_options::recursive);
  const auto pictures = [](const std::filesystem::path& run_folder) {
    std::map<std::filesystem::path, std::string> content;
    for (const auto& model : std::filesystem::directory_iterator(run_folder / "models"))
      for (const auto* file : {"architecture.dot", "architecture.svg"})
        content[model.path().filename() / file] = read_file(model.path() / file);
    return content;
  };
  for (const auto& [file, content] : pictures(copy)) std::filesystem::remove(copy / "models" / file);
  const auto resumed = run(w.on_ranks(2, w.search(copy, {"--resume"})));
  INFO(resumed.err);
  REQUIRE(resumed.exit_code == 0);
  check_same_results(copy);
  CHECK(read_file(copy / "journal") == read_file(undisturbed() / "journal"));
  CHECK(pictures(copy) == pictures(undisturbed()));
}
