// harmonic supernet train on ranks: stopped, resumed, and fed with what does not fit.
#include <signal.h>

#include <catch2/catch.hpp>

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

  const auto resumed = run(w.on_ranks(2, training(w, out, {"--resume"})));
  INFO(resumed.err);
  CHECK(resumed.exit_code == 0);
  CHECK(std::filesystem::exists(out));
  CHECK_FALSE(std::filesystem::exists(state));
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

}  // namespace harmonic::testing
