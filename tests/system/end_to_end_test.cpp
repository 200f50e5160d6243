// From raw files to a front by the commands of configs/README.md, as they stand there: raw data of the true layouts and
// shapes, few samples, and the sizes that its reader may choose, too.
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "tests/system/cloned_root.hpp"
#include "tests/system/raw_stand_ins.hpp"

using namespace harmonic;
using namespace harmonic::testing;

namespace {

/// The largest and the smallest sub-network, for an epoch; two backbones a modality, and one pair's fusion.
const std::vector<std::string> kSizes = {
    "TRAIN=--epochs 1 --batch 8 --random-subnets 0",
    "SEARCH=--population 2 --generations 1 --pairs 1 --epochs 2 --warmup-epochs 1 --batch 8 --retrain-epochs 1 "
    "--retrain-repeats 1 --validation-views 1"};

std::filesystem::path page(const World& w) {
  return w.source / "configs" / "README.md";
}

/// A clone after the commands of a section, whose raw files are in raw/.
class Walked {
 public:
  Walked(const std::string& heading, const std::function<void(const std::filesystem::path& raw)>& write_raw)
      : clone_(world()) {
    std::filesystem::create_directory(clone_ / "raw");
    write_raw(clone_ / "raw");
    const auto blocks = command_blocks(page(world()), heading);
    REQUIRE(blocks.size() == 1);
    const auto finished = clone_.paste(blocks[0], kSizes);
    said_ = finished.out + finished.err;
    INFO(blocks[0] << said_);
    REQUIRE(finished.exit_code == 0);
  }

  /// What the commands wrote to the terminal.
  [[nodiscard]] const std::string& said() const { return said_; }

  /// A run of one generation ended with a front of tested models over these modalities.
  void check_front(const std::string& folder, const std::vector<std::string>& modalities) const {
    const auto run_folder = clone_ / (folder + "/search");
    const auto status = nlohmann::json::parse(read_file(run_folder / "status.json"));
    CHECK(status.at("state") == "finished");
    CHECK(status.at("generation") == 1);
    CHECK(status.at("failed") == 0);
    CHECK(std::filesystem::exists(run_folder / "report.html"));
    const auto front = CsvTable::read(run_folder / "front.csv");
    CHECK(front.rows() > 0);
    for (std::size_t row = 0; row < front.rows(); ++row) {
      CHECK(front.number(row, front.column("metric_test")) >= 0);
      CHECK(front.number(row, front.column("metric_test")) <= 100);
      CHECK(front.number(row, front.column("latency_ms.edge-gpu")) > 0);
    }
    for (const auto& modality : modalities) CHECK(front.find_column("genome." + modality));
    const auto candidates = CsvTable::read(run_folder / "candidates.csv");
    bool has_network = false;  // a searched one, beside late fusion
    for (std::size_t row = 0; row < candidates.rows(); ++row)
      has_network |= candidates.number(row, candidates.column("cells")) > 0;
    CHECK(has_network);
    const auto id = front.cell(0, front.column("id"));
    check_exported(folder, id);
    check_evaluated(folder, id, front.number(0, front.column("metric_test")));
  }

  /// A model of the run is exported with its data, and says what the run's own does.
  void check_exported(const std::string& folder, const std::string& id) const {
    const auto finished = run(world().alone({"export", "--run", clone_ / (folder + "/search"), "--model", id, "--data",
                                             clone_ / (folder + "/data.h5"), "--with-preprocessing", "--verify", "4",
                                             "--out", clone_ / (folder + "/model.onnx"), "--json"}));
    INFO(finished.err);
    REQUIRE(finished.exit_code == 0);
    CHECK(nlohmann::json::parse(finished.out).at("verified") > 0);
  }

  /// A model of the run, measured again on test, is what the run says, within what the number of samples leaves open.
  void check_evaluated(const std::string& folder, const std::string& id, double metric_test) const {
    const auto finished = run(world().alone({"evaluate", "--run", clone_ / (folder + "/search"), "--model", id,
                                             "--data", clone_ / (folder + "/data.h5"), "--json"}));
    INFO(finished.err);
    REQUIRE(finished.exit_code == 0);
    const auto json = nlohmann::json::parse(finished.out);
    CHECK(json.at("metric").get<double>() == Approx(metric_test));
    CHECK(json.at("interval")[0] <= json.at("metric"));
    CHECK(json.at("interval")[1] >= json.at("metric"));
    CHECK(json.at("late_fusion") >= 0);
  }

  /// What `data show` says of the data set.
  [[nodiscard]] nlohmann::json shown(const std::string& folder) const {
    const auto finished = run(world().alone({"data", "show", clone_ / (folder + "/data.h5"), "--json"}));
    INFO(finished.err);
    REQUIRE(finished.exit_code == 0);
    return nlohmann::json::parse(finished.out);
  }

 private:
  ClonedRoot clone_;
  std::string said_;
};

using Shape = std::vector<int>;

}  // namespace

TEST_CASE("MM-IMDB: from posters and vectors as they are distributed to a front", "[end_to_end]") {
  const Walked walked("### MM-IMDB", write_raw_mmimdb);
  walked.check_front("runs/mmimdb", {"image", "text"});
  const auto data = walked.shown("runs/mmimdb");
  CHECK(data.at("modalities").at("image").at("shape") == Shape{3, 224, 224});
  CHECK(data.at("classes") == 23);
  CHECK(data.at("splits").at("train").at("samples") == 12);
}

TEST_CASE("Harm-P: from annotations and pictures to a front", "[end_to_end]") {
  const Walked walked("### Harm-P", [](const auto& raw) {
    write_raw_harmp(raw / "harmp");
    write_clip_vocabulary(raw / "bpe_simple_vocab_16e6.txt.gz");
  });
  walked.check_front("runs/harmp", {"image", "text"});
  CHECK_THAT(walked.said(), Catch::Contains("1 of train are in test, too"));
  const auto data = walked.shown("runs/harmp");
  CHECK(data.at("modalities").at("image").at("shape") == Shape{3, 112, 112});
  CHECK(data.at("splits").at("train").at("per_class") == Shape{6, 6, 6});
}

TEST_CASE("One's own folder of pictures, sounds and series: from raw files to a front", "[end_to_end]") {
  const Walked walked("### Your own files", [](const auto& raw) { write_raw_folder(raw / "own"); });
  walked.check_front("runs/own", {"image", "audio", "motion"});
  const auto data = walked.shown("runs/own");
  CHECK(data.at("modalities").size() == 3);
  CHECK(data.at("class_names") == std::vector<std::string>{"falling", "sitting", "walking"});
}

TEST_CASE("AV-MNIST's arrays: from npy files to a front", "[end_to_end]") {
  const Walked walked("### AV-MNIST as arrays", [](const auto& raw) { write_raw_avmnist_arrays(raw / "arrays"); });
  walked.check_front("runs/arrays", {"image", "audio"});
  const auto data = walked.shown("runs/arrays");
  CHECK(data.at("modalities").at("audio").at("shape") == Shape{1, 112, 112});
  CHECK(data.at("splits").at("val").at("samples") == 3);
}

TEST_CASE("AV-MNIST's folders are imported as the page says; what follows are README's own lines", "[end_to_end]") {
  const World w = world();
  const ClonedRoot clone(w);
  write_raw_avmnist(clone / "raw/avmnist");
  const auto blocks = command_blocks(page(w), "### AV-MNIST");
  REQUIRE(blocks.size() == 1);
  const std::string readme = read_file(w.source / "README.md");
  std::istringstream lines(blocks[0]);
  int imports = 0;
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    if (line.find("data import") == std::string::npos) {
      CHECK(readme.find('\n' + line + '\n') != std::string::npos);
      continue;
    }
    ++imports;
    const auto finished = clone.paste(line, {});
    INFO(finished.err);
    CHECK(finished.exit_code == 0);
  }
  CHECK(imports == 1);
  const auto shown = run(w.alone({"data", "show", clone / "runs/avmnist/data.h5", "--check"}));
  INFO(shown.out << shown.err);
  CHECK(shown.exit_code == 0);
}
