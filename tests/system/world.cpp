#include "tests/system/world.hpp"

#include <cstdlib>
#include <fstream>

#include <catch2/catch.hpp>

namespace harmonic::testing {
namespace {

std::filesystem::path from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set: run this test through ctest");
  return value;
}

}  // namespace

World world() {
  return {from_environment("HARMONIC_PROGRAM"), from_environment("HARMONIC_SOURCE"),
          from_environment("HARMONIC_TEST_WORLD")};
}

std::vector<std::string> World::alone(std::vector<std::string> words) const {
  words.insert(words.begin(), program.string());
  return words;
}

std::vector<std::string> World::on_ranks(int ranks, std::vector<std::string> words) const {
  words.insert(words.begin(), {(source / "deploy/mpirun.sh").string(), std::to_string(ranks), program.string()});
  return words;
}

std::vector<std::string> World::traced_on_ranks(int ranks, std::vector<std::string> words) const {
  words = on_ranks(ranks, std::move(words));
  words.insert(words.begin(), {"env", "HARMONIC_LOG=trace"});
  return words;
}

std::vector<std::string> World::search(const std::filesystem::path& run, std::vector<std::string> more) const {
  std::vector<std::string> words = {"search",
                                    "--data",
                                    data().string(),
                                    "--run",
                                    run.string(),
                                    "--modality",
                                    "image=avmnist-image," + weights("image").string(),
                                    "--modality",
                                    "audio=avmnist-audio," + weights("audio").string(),
                                    "--device",
                                    "gpu=" + (source / "luts/edge-gpu.json").string(),
                                    "--device",
                                    "cpu=" + (source / "luts/edge-cpu.json").string(),
                                    "--population",
                                    "4",
                                    "--generations",
                                    "2",
                                    "--pairs",
                                    "2",
                                    "--epochs",
                                    "2",
                                    "--warmup-epochs",
                                    "1",
                                    "--batch",
                                    "64",
                                    "--retrain-epochs",
                                    "2",
                                    "--warm-start",
                                    "--lease",
                                    "3"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<std::string> World::reproduce(const std::filesystem::path& run, std::vector<std::string> more) const {
  auto words = search(run, {"--rows", "1,3", "--seeds", "2"});
  words.front() = "reproduce";
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::string without_seconds(const std::filesystem::path& csv) {
  std::ifstream in(csv);
  REQUIRE(in);
  std::string text, line;
  while (std::getline(in, line)) text += line.substr(0, line.rfind(',')) + '\n';
  return text;
}

TEST_CASE("A data set and its supernets are made from nothing", "[prepare]") {
  const World w = world();
  std::filesystem::remove_all(w.folder);
  std::filesystem::create_directories(w.folder);
  const auto made =
      run(w.alone({"data", "synth", "--kind", "av-digits", "--samples", "300", "--out", w.data().string()}));
  INFO(made.err);
  REQUIRE(made.exit_code == 0);
  for (const std::string modality : {"image", "audio"}) {
    const auto trained =
        run(w.on_ranks(2, {"supernet", "train", "--data", w.data().string(), "--modality", modality, "--space",
                           "avmnist-" + modality, "--out", w.weights(modality).string(), "--epochs", "2"}));
    INFO(trained.err);
    REQUIRE(trained.exit_code == 0);
    REQUIRE(std::filesystem::exists(w.weights(modality)));
  }
}

}  // namespace harmonic::testing
