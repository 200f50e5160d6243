// A search over one modality, and what is made of its models.
#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/system/world.hpp"

using namespace harmonic;
using namespace harmonic::testing;

namespace {

std::vector<std::string> search_alone(const World& w, const std::filesystem::path& run, const std::string& space,
                                      const std::filesystem::path& weights, const std::vector<std::string>& more) {
  std::vector<std::string> words = {"search",
                                    "--data",
                                    w.data().string(),
                                    "--run",
                                    run.string(),
                                    "--modality",
                                    "image=" + space + "," + weights.string(),
                                    "--population",
                                    "6",
                                    "--generations",
                                    "2"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// The front's rows, each of a kept and tested model that an evaluation and an export find as the run tells it.
void check_front(const World& w, const std::filesystem::path& run_folder) {
  const auto front = CsvTable::read(run_folder / "front.csv");
  REQUIRE(front.rows() > 0);
  for (std::size_t row = 0; row < front.rows(); ++row) {
    CHECK(!front.cell(row, front.column("metric_test")).empty());
    CHECK(std::filesystem::exists(run_folder / "models" / front.cell(row, front.column("id")) / "weights.h5"));
  }
  const std::string id = front.cell(0, front.column("id"));
  const auto evaluated = run(w.alone({"evaluate", "--run", run_folder.string(), "--model", id, "--data",
                                      w.data().string(), "--split", "test", "--json"}));
  INFO(evaluated.err);
  REQUIRE(evaluated.exit_code == 0);
  CHECK(nlohmann::json::parse(evaluated.out).at("metric").get<double>() ==
        Approx(front.number(0, front.column("metric_test"))));
  const auto exported = run(w.alone({"export", "--run", run_folder.string(), "--model", id, "--data", w.data().string(),
                                     "--out", (run_folder / "model.onnx").string(), "--json"}));
  INFO(exported.err);
  REQUIRE(exported.exit_code == 0);
  CHECK(nlohmann::json::parse(exported.out).at("metric").get<double>() ==
        Approx(front.number(0, front.column("metric_val"))));
}

}  // namespace

TEST_CASE("A search over one modality keeps within its limits, is fine-tuned, and its models are kept whole",
          "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto run_folder = folder / "run";
  const auto table = [&](const char* name) { return (w.source / "luts" / name).string(); };
  const auto words = search_alone(
      w, run_folder, "avmnist-image", w.weights("image"),
      {"--device", "gpu=" + table("edge-gpu.json") + ",weight=2", "--device", "cpu=" + table("edge-cpu.json"),
       "--aggregate", "worst", "--max", "latency 1.1", "--finetune-epochs", "1"});
  const auto finished = run(w.on_ranks(2, words));
  INFO(finished.err);
  REQUIRE(finished.exit_code == 0);
  const auto front = CsvTable::read(run_folder / "front.csv");
  for (std::size_t row = 0; row < front.rows(); ++row) CHECK(front.number(row, front.column("latency")) <= 1.1);
  const auto candidates = CsvTable::read(run_folder / "candidates.csv");
  CHECK(candidates.rows() >= 6);
  CHECK(read_file(run_folder / "report.html").find("What one network for all devices costs each") != std::string::npos);
  check_front(w, run_folder);

  const auto again = run(
      w.alone({"search", "--run", run_folder.string(), "--data", w.data().string(), "--resume", "--generations", "3"}));
  INFO(again.err);
  REQUIRE(again.exit_code == 0);
  CHECK(CsvTable::read(run_folder / "candidates.csv").rows() > candidates.rows());
}

TEST_CASE("The kind of a block is a gene: a space of depthwise and fused blocks goes from training to an export",
          "[search]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto config = folder / "space.cfg", weights = folder / "image.h5", npu = folder / "npu.json",
             gpu = folder / "gpu.json";
  std::ofstream(config) << "[space.blocks]\nwidths = 24\nstrides = 2\nfixed-activation = relu\nkernels = 3,5\n"
                           "expansions = 3,-3\ndepths = 1,2\n";
  const auto made = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--config", config.string()});
    const auto finished = run(w.alone(words));
    INFO(finished.err);
    REQUIRE(finished.exit_code == 0);
  };
  made({"supernet", "train", "--data", w.data().string(), "--modality", "image", "--space", "blocks", "--epochs", "1",
        "--out", weights.string()});
  made({"lut", "model", "--device-profile", "edge-npu", "--space", "blocks", "--out", npu.string()});
  made({"lut", "model", "--device-profile", "edge-gpu", "--space", "blocks", "--out", gpu.string()});
  auto words = search_alone(w, folder / "run", "blocks", weights,
                            {"--device", "npu=" + npu.string(), "--device", "gpu=" + gpu.string(), "--features", "1",
                             "--config", config.string()});
  const auto finished = run(w.on_ranks(2, words));
  INFO(finished.err);
  REQUIRE(finished.exit_code == 0);
  const auto candidates = CsvTable::read(folder / "run" / "candidates.csv");
  bool fused = false;
  for (std::size_t row = 0; row < candidates.rows(); ++row)
    fused = fused || candidates.cell(row, candidates.column("genome.image")).find("-3") != std::string::npos;
  CHECK(fused);
  check_front(w, folder / "run");
}
