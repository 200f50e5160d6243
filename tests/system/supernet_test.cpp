// harmonic supernet on ranks: stopped, resumed, bereft of a rank, and fed with what does not fit.
#include <fstream>

#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/space/genome.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "tests/support/process.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/system/world.hpp"

namespace harmonic::testing {
namespace {

std::vector<std::string> training(const World& w, const std::filesystem::path& out, std::vector<std::string> more = {},
                                  const std::string& space = "avmnist-audio") {
  std::vector<std::string> words = {"supernet", "train", "--data", w.data().string(), "--modality", "audio",
                                    "--space",  space,   "--out",  out.string(),      "--epochs",   "3"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<std::string> sweep(const World& w, const std::filesystem::path& out, std::vector<std::string> more) {
  std::vector<std::string> words = {"supernet",        "sweep",     "--weights", w.weights("audio").string(), "--data",
                                    w.data().string(), "--limit",   "8",         "--calibration-samples",     "32",
                                    "--out",           out.string()};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace

TEST_CASE("A training told to stop leaves its state and exit code 3, and goes on from there", "[supernet]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto out = folder / "audio.h5", state = folder / "audio.h5.training";
  {
    Process process(w.on_ranks(2, training(w, out, {"--save-every", "0"})));
    REQUIRE(wait_until(process, [&] { return std::filesystem::exists(state); }));
    process.signal(SIGTERM);
    const auto stopped = process.wait();
    INFO(stopped.err);
    CHECK(stopped.exit_code == 3);
  }
  CHECK(std::filesystem::exists(state));
  CHECK_FALSE(std::filesystem::exists(out));

  const auto anew = run(w.alone(training(w, out)));
  CHECK(anew.exit_code == 2);
  CHECK_THAT(anew.err, Catch::Contains("--resume"));
  const auto other = run(w.on_ranks(2, training(w, out, {"--resume", "--lr", "0.001"})));
  CHECK(other.exit_code == 2);
  CHECK_THAT(other.err, Catch::Contains("lr (0.00"));

  const auto of_other = run(w.alone(
      {"supernet", "train", "--data", w.data().string(), "--out", out.string(), "--modality", "image", "--resume"}));
  CHECK(of_other.exit_code == 2);
  CHECK_THAT(of_other.err, Catch::Contains("is the training of modality audio, not image"));

  // The state holds modality, space and settings.
  const auto resumed =
      run(w.on_ranks(2, {"supernet", "train", "--data", w.data().string(), "--out", out.string(), "--resume"}));
  INFO(resumed.err);
  CHECK(resumed.exit_code == 0);
  CHECK(std::filesystem::exists(out));
  CHECK_FALSE(std::filesystem::exists(state));
  const auto curves = CsvTable::read(folder / "audio.h5.tensorboard" / "curves.csv");
  REQUIRE(curves.rows() == 3);  // epochs of both jobs
  for (std::size_t e = 0; e < 3; ++e) {
    CHECK(curves.number(e, curves.column("epoch")) == static_cast<double>(e + 1));
    CHECK(curves.number(e, curves.column("loss_train/smallest")) > 0);
  }
  CHECK(curves.number(2, curves.column("metric_val/random")) > 0);

  // As a job does that is queued once more.
  const std::string finished = read_file(out);
  const auto requeued =
      run(w.on_ranks(2, {"supernet", "train", "--data", w.data().string(), "--out", out.string(), "--resume"}));
  CHECK(requeued.exit_code == 0);
  CHECK_THAT(requeued.err, Catch::Contains("finished"));
  CHECK(read_file(out) == finished);
  CHECK_FALSE(std::filesystem::exists(state));
  CHECK(run(w.alone(training(w, out, {"--resume"}, "avmnist-image"))).exit_code == 2);
}

TEST_CASE("A training that diverges fails in one line and leaves no supernet", "[supernet]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto diverged = run(w.on_ranks(
      2, training(w, folder / "a.h5", {"--optimizer", "sgd", "--lr", "100", "--weight-decay", "10", "--clip", "0"})));
  INFO(diverged.err);
  CHECK(diverged.exit_code == 1);
  CHECK_THAT(diverged.err, Catch::Contains("diverged") && Catch::Contains("epoch") && Catch::Contains("--lr"));
  CHECK(diverged.err.find("diverged") == diverged.err.rfind("diverged"));
  CHECK_FALSE(std::filesystem::exists(folder / "a.h5"));
}

TEST_CASE("Data that do not fit the space, or too few samples for the ranks, end a training on every rank",
          "[supernet]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto misfit = run(w.on_ranks(2, training(w, folder / "a.h5", {}, "avmnist-image")));
  CHECK(misfit.exit_code == 2);
  CHECK_THAT(misfit.err, Catch::Contains("1x28x28"));
  const auto crowded = run(w.on_ranks(3, training(w, folder / "a.h5", {"--batch", "2"})));
  CHECK(crowded.exit_code == 2);
  CHECK_THAT(crowded.err, Catch::Contains("3 ranks"));
}

TEST_CASE("A worker killed or stopped in the middle of a sweep costs a retry, and the file is the quiet one's",
          "[supernet]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto genomes = folder / "genomes.txt";
  std::ofstream list(genomes);
  std::size_t listed = 0;
  for (const auto& genome : all_genomes(find_space("avmnist-audio")))
    if (listed++ % 12 == 0) list << to_text(genome) << '\n';
  list.close();
  const std::vector<std::string> some = {"--genomes", genomes.string(), "--lease", "2"};
  const auto quiet = folder / "quiet.csv", out = folder / "sweep.csv";
  const auto undisturbed = run(w.alone(sweep(w, quiet, some)));
  INFO(undisturbed.err);
  REQUIRE(undisturbed.exit_code == 0);

  const int signal = GENERATE(SIGKILL, SIGSTOP);
  Process process(w.on_ranks(3, sweep(w, out, some)));
  pid_t worker = 0;
  REQUIRE(wait_until(process, [&] {
    if (worker == 0) worker = process.rank(2);
    return std::filesystem::exists(out);
  }));
  REQUIRE(worker > 0);
  REQUIRE(kill(worker, signal) == 0);
  const auto ended = process.wait();
  INFO(ended.err);
  CHECK(ended.exit_code == 0);
  CHECK_THAT(ended.err, Catch::Contains("worker 2 on ") && Catch::Contains("is dealt again"));
  CHECK(read_file(out) == read_file(quiet));
}

TEST_CASE("A sweep told to stop ends with exit code 3, and goes on from there", "[supernet]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto out = folder / "sweep.csv";
  Process process(w.on_ranks(2, sweep(w, out, {"--all"})));
  REQUIRE(wait_until(process, [&] { return std::filesystem::exists(out); }));
  process.signal(SIGTERM);
  const auto stopped = process.wait();
  INFO(stopped.err);
  CHECK(stopped.exit_code == 3);
  CHECK_THAT(stopped.err, Catch::Contains("--resume"));
  const auto rows = CsvTable::read(out).rows();
  CHECK(rows > 0);
  CHECK(rows < 7371);
}

TEST_CASE("What one rank alone cannot read ends a command on all, and is named", "[supernet]") {
  const World w = world();
  const TemporaryFolder folder;
  auto words = training(w, folder / "audio.h5");
  auto other = words;
  other.insert(other.end(), {"--config", (folder / "nowhere.cfg").string()});
  words.insert(words.end(), {":", "-n", "1", w.program.string()});
  words.insert(words.end(), other.begin(), other.end());
  const auto ended = run(w.on_ranks(1, words));
  CHECK(ended.exit_code == 2);
  CHECK_THAT(ended.err, Catch::Contains("rank 1 on ") && Catch::Contains("nowhere.cfg"));
}

TEST_CASE("A sweep that rank 0 cannot write any more ends on every rank", "[supernet]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto there = folder / "there", gone = folder / "gone";
  std::filesystem::create_directory(there);
  Process process(w.on_ranks(2, sweep(w, there / "sweep.csv", {"--all"})));
  REQUIRE(wait_until(process, [&] { return std::filesystem::exists(there / "sweep.csv"); }));
  std::filesystem::rename(there, gone);
  const auto ended = process.wait();
  CHECK(ended.exit_code == 1);
  CHECK_THAT(ended.err, Catch::Contains("sweep.csv"));
}

}  // namespace harmonic::testing
