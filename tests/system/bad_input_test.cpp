// Every mistake of a user: one line that says what, where and how to mend it, exit code 2, nothing lost.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "core/data/dataset_file.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/system/world.hpp"

using namespace harmonic;
using namespace harmonic::testing;

namespace {

/// Exit code 2, one line on stderr with all the given words in it.
void check_refused(const std::vector<std::string>& command, const std::vector<std::string>& words) {
  const auto finished = run(command);
  INFO(finished.err);
  CHECK(finished.exit_code == 2);
  CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
  for (const auto& word : words) CHECK_THAT(finished.err, Catch::Contains(word));
}

std::vector<std::string> with(std::vector<std::string> words, const std::string& option, const std::string& value) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == option) {
      words[i + 1] = value;
      return words;
    }
  words.insert(words.end(), {option, value});
  return words;
}

}  // namespace

TEST_CASE("A command or option that is not there names its neighbour", "[bad_input]") {
  const World w = world();
  check_refused(w.alone({"serch"}), {"serch", "search"});
  check_refused(w.alone({"search", "--populaton", "3"}), {"--populaton", "--population"});
  check_refused(w.alone({"search"}), {"--data"});
  const TemporaryFolder folder;
  std::ofstream(folder / "c.cfg") << "[evolution]\npopulaton = 4\n";
  check_refused(w.on_ranks(2, w.search(folder / "run", {"--config", (folder / "c.cfg").string()})),
                {"c.cfg", "populaton", "population"});
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
}

TEST_CASE("Data that is missing or cut short is named, and no run is begun", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto cut = folder / "cut.h5";
  std::filesystem::copy_file(w.data(), cut);
  std::filesystem::resize_file(cut, std::filesystem::file_size(cut) / 2);
  for (const int ranks : {1, 3}) {
    check_refused(w.on_ranks(ranks, with(w.search(folder / "run"), "--data", (folder / "none.h5").string())),
                  {"none.h5"});
    check_refused(w.on_ranks(ranks, with(w.search(folder / "run"), "--data", cut.string())), {"cut.h5"});
  }
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
}

TEST_CASE("Weights that are missing or of another space are named", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  check_refused(w.on_ranks(2, with(w.search(folder / "run"), "--modality", "image=avmnist-image,none.h5")),
                {"none.h5"});
  const auto swapped =
      with(w.search(folder / "run2"), "--modality", "image=avmnist-image," + w.weights("audio").string());
  check_refused(w.on_ranks(2, swapped), {"audio.h5", "avmnist-audio", "avmnist-image"});
  const auto misfit = with(w.search(folder / "run3"), "--modality", "image=harmp-image," + w.weights("image").string());
  check_refused(w.on_ranks(2, misfit), {"1x28x28", "harmp-image"});
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("A table without a row that the search needs names the row and the table", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  std::string table = read_file(w.source / "luts/edge-gpu.json");
  const std::string key = "SE1-input:1_192_16-N:1-C:192-L:16";
  const auto at = table.find(key);
  REQUIRE(at != std::string::npos);
  table.replace(at, 3, "SEx");
  replace_file(folder / "table.json", table);
  check_refused(w.on_ranks(2, with(w.search(folder / "run"), "--device", "gpu=" + (folder / "table.json").string())),
                {key, "table.json"});
  replace_file(folder / "broken.json", "{\"a\": ");
  check_refused(w.on_ranks(2, with(w.search(folder / "run3"), "--device", "gpu=" + (folder / "broken.json").string())),
                {"broken.json"});
}

TEST_CASE("Features that a backbone cannot offer, or too few for a pair, are refused", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  check_refused(w.on_ranks(2, w.search(folder / "run", {"--features", "40"})), {"40", "at most"});
  check_refused(w.on_ranks(2, w.search(folder / "run2", {"--features", "0"})), {"features is 0", "image"});
}

TEST_CASE("A run directory is neither overwritten nor resumed with other settings", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto first = run(w.on_ranks(2, w.search(folder / "run", {"--time-limit", "3s"})));
  INFO(first.err);
  REQUIRE((first.exit_code == 3 || first.exit_code == 0));
  check_refused(w.on_ranks(2, w.search(folder / "run")), {"--resume"});
  check_refused(w.on_ranks(2, w.search(folder / "run", {"--resume", "--seed", "2"})), {"seed"});
  check_refused(w.on_ranks(2, w.search(folder / "run", {"--resume", "--threads", "2"})), {"threads"});
  check_refused(w.on_ranks(2, w.search("")), {"no run directory", "--run"});
}

TEST_CASE("An output that cannot be written is refused before the work", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  const std::vector<std::string> train = {"supernet", "train",   "--data",        w.data().string(), "--modality",
                                          "image",    "--space", "avmnist-image", "--epochs",        "1"};
  check_refused(w.on_ranks(2, with(train, "--out", folder.path().string())), {"--out", "folder"});
  check_refused(w.alone({"supernet", "eval", "--weights", w.weights("image").string(), "--data", w.data().string(),
                         "--features-out", folder.path().string()}),
                {"--features-out", "folder"});
  check_refused(w.alone({"data", "synth", "--out", "/proc/x"}), {"--out", "/proc/x"});
}

TEST_CASE("An output that is an input is refused, and the input kept", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto data = folder / "data.h5", weights = folder / "weights.h5", genomes = folder / "genomes.txt",
             table = folder / "table.json";
  std::filesystem::copy_file(w.data(), data);
  std::filesystem::copy_file(w.weights("image"), weights);
  std::filesystem::copy_file(w.source / "luts/edge-gpu.json", table);
  std::ofstream(genomes) << "smallest\n";
  const std::vector<std::string> train = {"supernet", "train",   "--data",        data.string(), "--modality",
                                          "image",    "--space", "avmnist-image", "--epochs",    "1"};
  check_refused(w.on_ranks(2, with(train, "--out", data.string())), {"--out", "--data"});
  const std::vector<std::string> evaluated = {"--weights", weights.string(), "--data", data.string()};
  const auto evaluating = [&](std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.end(), evaluated.begin(), evaluated.end());
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  for (const auto& [option, input] : {std::pair{"--weights", weights}, {"--data", data}})
    check_refused(w.alone(evaluating({"supernet", "eval"}, {"--features-out", input.string()})),
                  {"--features-out", option});
  for (const auto& [option, input] :
       {std::pair{"--weights", weights}, {"--data", data}, {"--genomes", genomes}, {"--device", table}})
    check_refused(w.alone(evaluating({"supernet", "sweep"}, {"--genomes", genomes.string(), "--resume", "--device",
                                                             "gpu=" + table.string(), "--out", input.string()})),
                  {"--out", option});
  check_refused(
      w.alone({"supernet", "import", "--in", weights.string(), "--space", "avmnist-image", "--out", weights.string()}),
      {"--out", "--in"});
  CHECK(read_file(data) == read_file(w.data()));
  CHECK(read_file(weights) == read_file(w.weights("image")));
  CHECK(read_file(table) == read_file(w.source / "luts/edge-gpu.json"));
  CHECK(read_file(genomes) == "smallest\n");
}

TEST_CASE("A result that is there already is not replaced unasked", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto trained = folder / "w.h5", swept = folder / "s.csv";
  std::filesystem::copy_file(w.weights("image"), trained);
  std::ofstream(swept) << "genome,metric\n";
  check_refused(w.on_ranks(2, {"supernet", "train", "--data", w.data().string(), "--modality", "image", "--space",
                               "avmnist-image", "--epochs", "1", "--out", trained.string()}),
                {"w.h5 exists already", "remove it"});
  const std::vector<std::string> sweep = {"supernet",    "sweep",           "--weights", w.weights("image").string(),
                                          "--data",      w.data().string(), "--all",     "--out",
                                          swept.string()};
  check_refused(w.on_ranks(2, sweep), {"s.csv exists already", "--resume"});
  auto resumed = sweep;
  resumed.push_back("--resume");
  check_refused(w.on_ranks(2, resumed), {"s.csv.conditions", "another --out"});
  CHECK(read_file(trained) == read_file(w.weights("image")));
  CHECK(read_file(swept) == "genome,metric\n");
}

TEST_CASE("A supernet that does not fit its data is refused in one line", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  check_refused(w.alone({"supernet", "train", "--data", w.data().string(), "--modality", "image", "--space",
                         "avmnist-audio", "--out", (folder / "w.h5").string()}),
                {"avmnist-audio"});
}

TEST_CASE("An empty split is named, whatever a supernet is asked to do with it", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto data = [&](const std::string& name, std::array<std::size_t, 3> samples) {
    DatasetContent content;
    content.info.classes = 4;
    content.info.modalities = {{.name = "audio", .sample_shape = {1, 20, 20}, .mean = {0.0F}, .std = {1.0F}}};
    for (std::size_t split = 0; split < samples.size(); ++split) {
      content.samples["audio"].at(split).floats.resize(samples.at(split) * 20 * 20);
      content.class_labels.at(split).resize(samples.at(split));
    }
    write_dataset(folder / name, content);
    return (folder / name).string();
  };
  const auto no_val = data("no-val.h5", {4, 0, 4}), no_test = data("no-test.h5", {4, 4, 0});
  const auto train = [&](const std::string& file) {
    return std::vector<std::string>{"supernet", "train",   "--data",        file,    "--modality",
                                    "audio",    "--space", "avmnist-audio", "--out", (folder / "w.h5").string()};
  };
  check_refused(w.on_ranks(2, train(no_val)), {"split val", "no-val.h5", "empty"});
  const auto with_weights = [&](const std::string& action, const std::string& file) {
    return std::vector<std::string>{"supernet", action, "--weights", (folder / "audio.h5").string(), "--data", file};
  };
  REQUIRE(run(w.alone(with(train(no_test), "--epochs", "1"))).exit_code == 0);
  std::filesystem::rename(folder / "w.h5", folder / "audio.h5");
  check_refused(w.alone(with(with_weights("eval", no_test), "--split", "test")), {"split test", "no-test.h5", "empty"});
  auto sweep = with(with_weights("sweep", no_val), "--out", (folder / "s.csv").string());
  sweep.push_back("--all");
  check_refused(w.on_ranks(2, sweep), {"split val", "no-val.h5", "empty"});
  CHECK_FALSE(std::filesystem::exists(folder / "s.csv"));
}

TEST_CASE("A modality that the data does not have names those that it has", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  check_refused(w.on_ranks(2, with(w.search(folder / "run"), "--modality",
                                   "picture=avmnist-image," + w.weights("image").string())),
                {"picture", "image"});
}

TEST_CASE("What does not fit a supernet is named before anything is computed", "[bad_input]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto eval = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"supernet", "eval",           "--weights", w.weights("image").string(),
                                      "--data",   w.data().string()};
    words.insert(words.end(), more.begin(), more.end());
    return w.alone(words);
  };
  check_refused(eval({"--genome", "K=9,3,3,3;E=3,3,3,3;D=2"}), {"K[0] is 9", "3, 5, 7"});
  check_refused(eval({"--modality", "audio"}), {"1x20x20", "1x28x28"});
  check_refused(eval({"--space", "avmnist-audio", "--modality", "audio"}), {"image.h5", "avmnist-image"});
  std::ofstream(folder / "genomes.txt") << "largest\nK=3,3,3,3;E=3,5,3,3;D=4\n";
  std::vector<std::string> sweep = {"supernet", "sweep",           "--weights", w.weights("image").string(),
                                    "--data",   w.data().string(), "--out",     (folder / "s.csv").string()};
  check_refused(w.alone(sweep), {"--genomes", "--all"});
  check_refused(w.on_ranks(2, with(sweep, "--genomes", (folder / "genomes.txt").string())),
                {"genomes.txt, line 2", "E[1] is 5", "3, 4, 6"});
  check_refused(w.alone({"supernet", "import", "--in", w.data().string(), "--space", "avmnist-image", "--out",
                         (folder / "w.h5").string()}),
                {"digits.h5", "is an HDF5 file, not a PyTorch checkpoint"});
  std::ofstream(folder / "own.cfg") << "[space.mine]\nwidths = 24,40\nstrides = 3\n";
  check_refused(eval({"--config", (folder / "own.cfg").string()}), {"mine", "strides = 3", "1 or 2"});
}
