// What the program leaves for TensorBoard, as TensorBoard's own package reads it.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "core/storage/curves.hpp"
#include "proto/curve_log.hpp"
#include "proto/event_records.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/system/world.hpp"

namespace harmonic::testing {
namespace {

/// Values by step, of a curve.
using Shown = std::vector<std::pair<std::int64_t, double>>;
/// [run][tag]
using AllShown = std::map<std::string, std::map<std::string, Shown>>;

/// One that has the package; nothing, and "SKIPPED: …" is printed, where it is not installed.
std::optional<std::string> python() {
  const char* const path = std::getenv("HARMONIC_TENSORBOARD_PYTHON");
  if (path != nullptr && std::filesystem::exists(path)) return path;
  std::cout << "SKIPPED: no tensorboard (HARMONIC_CHECKS=1 deploy/setup.sh installs it)\n";
  return std::nullopt;
}

AllShown shown_of(const std::filesystem::path& folder) {
  const auto read = run({*python(), (world().source / "tests/system/read_events.py").string(), folder.string()});
  INFO(read.err);
  REQUIRE(read.exit_code == 0);
  return nlohmann::json::parse(read.out).get<AllShown>();
}

/// A column of a table of curves, where it has values.
Shown told(const std::filesystem::path& csv, const std::string& name) {
  const auto table = CsvTable::read(csv);
  Shown values;
  for (std::size_t r = 0; r < table.rows(); ++r)
    if (const auto value = table.optional_number(r, table.column(name)))
      values.emplace_back(static_cast<std::int64_t>(table.number(r, 0)), static_cast<float>(*value));
  return values;
}

/// Every curve of the table is shown, and no other; `others` have tables of their own.
void check_shown(const std::map<std::string, Shown>& shown, const std::filesystem::path& csv,
                 const std::map<std::string, std::filesystem::path>& others = {}) {
  const auto header = CsvTable::read(csv).header();
  CHECK(shown.size() == header.size() - 1 + others.size());
  for (const auto& [tag, values] : shown) {
    INFO(csv.string() << ", " << tag);
    const auto other = others.find(tag);
    CHECK(values == told(other == others.end() ? csv : other->second, tag));
  }
}

}  // namespace

TEST_CASE("A torn record costs TensorBoard what the killed job told last, and no more", "[tensorboard]") {
  if (!python()) return;
  const TemporaryFolder folder;
  const auto curves = folder / "curves";
  const auto as_it_is = [&](const std::string& run) { std::filesystem::copy(curves, folder / run); };
  const auto log_of_a_job = [&] { return CurveLog(curves, "epoch", {"loss"}); };
  const auto row = [](std::int64_t step, double loss) {
    return CurveRow{step, {loss}, 1e9 + static_cast<double>(step)};
  };
  {
    auto killed = log_of_a_job();
    for (int step = 1; step <= 4; ++step) killed.add(row(step, step));
  }
  const auto file = curves / event_file_name(1);
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 3);
  as_it_is("torn");
  auto resumed = log_of_a_job();
  resumed.add(row(3, 30));  // a state of after the second
  resumed.add(row(4, 40));
  as_it_is("resumed");
  resumed.add(row(2, 20));
  auto shown = shown_of(folder.path());
  CHECK(shown["torn"]["loss"] == Shown{{1, 1}, {2, 2}, {3, 3}});
  CHECK(shown["resumed"]["loss"] == Shown{{1, 1}, {2, 2}, {3, 30}, {4, 40}});
  CHECK(shown["curves"]["loss"] == Shown{{1, 1}, {2, 20}});
}

TEST_CASE("TensorBoard shows a search, stopped and resumed, and the models that it keeps, as their tables have them",
          "[tensorboard]") {
  if (!python()) return;
  const World w = world();
  const TemporaryFolder folder;
  const auto run_folder = folder / "run";
  auto brief = w.search(run_folder, {"--keep-models", "all"});
  *std::next(std::ranges::find(brief, "--generations")) = std::to_string(1);
  REQUIRE(run(w.on_ranks(2, brief)).exit_code == 0);
  const auto resumed = run(w.on_ranks(2, w.search(run_folder, {"--resume", "--keep-models", "all"})));
  INFO(resumed.err);
  REQUIRE(resumed.exit_code == 0);

  const auto shown = shown_of(run_folder / "tensorboard");
  const auto search = run_folder / "tensorboard" / "search";
  CHECK(std::filesystem::exists(search / event_file_name(2)));
  const auto hypervolume = run_folder / "hypervolume.csv";
  check_shown(shown.at("search"), search / "curves.csv", {{"hypervolume", hypervolume}, {"models", hypervolume}});
  CHECK(shown.at("search").at("hypervolume").size() == 2);
  for (const auto& [generation, share] : shown.at("search").at("utilisation")) CHECK((share > 0 && share <= 1));

  const auto models = CsvTable::read(run_folder / "candidates.csv");
  std::size_t trained = 0;
  for (std::size_t row = 0; row < models.rows(); ++row) {
    const auto id = models.cell(row, models.column("id"));
    const auto curves = run_folder / "models" / id / "curves.csv";
    const bool by_epochs = models.number(row, models.column("cells")) > 0;  // late fusion is not
    CHECK(std::filesystem::exists(curves) == by_epochs);
    if (!by_epochs) continue;
    ++trained;
    const auto& of_model = shown.at(fmt::format("models/{}", id));
    check_shown(of_model, curves);
    CHECK(of_model.at("search/loss_train").size() == 2);
    CHECK(of_model.at("retraining/metric_val").size() == 2);
  }
  CHECK(trained > 0);
  for (const auto& [name, tags] : shown)
    if (const auto table = run_folder / "tensorboard" / name / "curves.csv"; name.find("/retraining-") != name.npos)
      check_shown(tags, table);
}

TEST_CASE("TensorBoard shows a supernet's training as its table has it", "[tensorboard]") {
  if (!python()) return;
  const std::filesystem::path folder = world().weights("image").string() + ".tensorboard";  // of the world's making
  const auto shown = shown_of(folder);
  REQUIRE(shown.size() == 1);
  const auto& curves = shown.begin()->second;
  check_shown(curves, folder / "curves.csv");
  CHECK(curves.at("loss_train/random").size() == 2);
  CHECK(curves.at("metric_val/largest").size() == 1);  // after the last
}

}  // namespace harmonic::testing
