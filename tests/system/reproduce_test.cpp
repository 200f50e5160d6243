// Published rows, measured by the real program: stopped, killed, resumed, refused.
#include <algorithm>
#include <filesystem>
#include <tuple>
#include <utility>

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
  REQUIRE(table.rows() == 30);
  for (std::size_t r = 0; r < table.rows(); ++r) CHECK(table.optional_number(r, table.column("measured")).has_value());
  const auto shown = run(w.alone({"show", "--run", (folder / "whole").string()}));
  CHECK_THAT(shown.out, Catch::Contains("reproduces table avmnist") && !Catch::Contains("generation"));
  const auto points = run(w.alone({"pareto", "--in", (folder / "whole" / "reproduced.csv").string()}));
  CHECK(points.exit_code == 2);
  CHECK_THAT(points.err, Catch::Contains("reproduced.csv") && Catch::Contains("candidates.csv"));

  // Its digits are drawn: metrics are measured, and not judged.
  CHECK(table.cell(0, table.column("verdict")) == "stand-in");
  CHECK_THAT(read_file(folder / "whole" / "reproduced.html"), Catch::Contains("<h2>Row 3</h2>"));

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

  // Rows and seeds one by one, as the tasks of a job array have them, come to the same.
  std::vector<std::string> join = {"reproduce", "--join"};
  for (const auto& [row, first, count] :
       {std::tuple("1", "1", "2"), std::tuple("3", "2", "1"), std::tuple("3", "1", "1")}) {
    join.push_back((folder / (std::string("row-") + row + "-" + first)).string());
    auto task = w.search(join.back(), {"--table", "avmnist", "--rows", row, "--seeds", count, "--first-seed", first});
    task.front() = "reproduce";
    const auto part = run(w.on_ranks(1, task));
    INFO(part.err);
    REQUIRE(part.exit_code == 0);
  }
  join.insert(join.end(), {"--run", (folder / "joined").string()});
  const auto joined = run(w.on_ranks(3, join));
  INFO(joined.err);
  REQUIRE(joined.exit_code == 0);
  CHECK(read_file(folder / "joined" / "reproduced.csv") == read_file(folder / "whole" / "reproduced.csv"));
  join.back() = (folder / "whole").string();
  const auto refused = run(w.alone(join));
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.err, Catch::Contains("holds a run"));
}

TEST_CASE("Published costs are judged without a data set", "[reproduce]") {
  const World w = world();
  const TemporaryFolder folder;
  // On another device there is nothing to judge, and it says so.
  const auto other = run(w.alone({"reproduce", "--table", "harmp", "--rows", "1", "--lut",
                                  (w.source / "luts/edge-gpu.json").string(), "--run", (folder / "other").string()}));
  INFO(other.err);
  REQUIRE(other.exit_code == 0);
  CHECK_THAT(other.out, Catch::Contains("no data") && Catch::Contains("edge-gpu is another device"));
  const auto backbones = shared_data("luts/lut_ofa_memes_tx2.json"), fusion = shared_data("luts/lut_fusion_tx2.json");
  if (!backbones || !fusion) return;
  const auto judged = run(w.on_ranks(2, {"reproduce", "--table", "harmp", "--rows", "1-2", "--lut", *backbones, "--lut",
                                         *fusion, "--run", (folder / "tx2").string(), "--json"}));
  INFO(judged.err);
  REQUIRE(judged.exit_code == 0);
  const auto json = nlohmann::json::parse(judged.out);
  REQUIRE(json.at("cells").size() == 4);
  CHECK(json.at("cells")[0].at("verdict") == "reproduced");
  CHECK_THAT(json.at("cells")[0].at("note").get<std::string>(), Catch::Contains("exactly, with Sum x2"));
  CHECK(json.at("cells")[2].at("verdict") == "differs");
  CHECK(std::filesystem::exists(json.at("report").get<std::string>()));
}

TEST_CASE("Harm-P's rows and supernets are measured on a stand-in of its shapes, by either protocol", "[reproduce]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto done = [](const std::vector<std::string>& words) {
    const auto finished = run(words);
    INFO(finished.err);
    REQUIRE(finished.exit_code == 0);
    return finished.out;
  };
  const std::string data = folder / "memes.h5";
  done(w.alone({"data", "synth", "--kind", "memes", "--samples", "60", "--out", data}));
  for (const auto& [modality, space] : {std::pair("image", "harmp-image"), std::pair("text", "maxout")})
    done(w.on_ranks(1, {"supernet", "train", "--data", data, "--modality", modality, "--space", space, "--out",
                        folder / (std::string(modality) + ".h5"), "--epochs", "1"}));
  const auto words = [&](const std::string& run, std::vector<std::string> more) {
    std::vector<std::string> all = {"reproduce",
                                    "--config",
                                    w.source / "configs/harmp.cfg",
                                    "--modality",
                                    "image=harmp-image," + std::string(folder / "image.h5"),
                                    "--modality",
                                    "text=maxout," + std::string(folder / "text.h5"),
                                    "--data",
                                    data,
                                    "--run",
                                    folder / run,
                                    "--epochs",
                                    "2",
                                    "--warmup-epochs",
                                    "1",
                                    "--retrain-epochs",
                                    "1",
                                    "--json"};
    all.insert(all.end(), more.begin(), more.end());
    return w.on_ranks(1, all);
  };
  for (const std::string protocol : {"honest", "published"}) {
    const auto json = nlohmann::json::parse(
        done(words(protocol, {"--table", "harmp", "--rows", "1", "--seeds", "1", "--protocol", protocol})));
    const auto& cells = json.at("cells");
    CHECK(cells[0].at("quantity") == "metric.image");
    CHECK(cells[2].at("quantity") == "metric");
    CHECK(cells[2].at("published") == 88.45);
    CHECK(cells[2].at("measured").is_number());
    CHECK(cells[2].at("test_interval").is_array());
    CHECK(cells[2].at("verdict") == "stand-in");
  }
  const auto supernets = nlohmann::json::parse(done(words("supernets", {"--table", "supernets"})));
  REQUIRE(supernets.at("cells").size() == 2);
  CHECK(supernets.at("cells")[0].at("row") == 5);
  CHECK(supernets.at("cells")[1].at("published") == 83.38);
  for (const auto& cell : supernets.at("cells")) CHECK(cell.at("measured").is_number());
  CHECK(std::filesystem::exists(folder / "supernets" / "reproduced.html"));
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
