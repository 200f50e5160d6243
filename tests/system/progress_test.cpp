// How far a run is, where people look: on a terminal, and in a run's log.
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <regex>
#include <string>

#include <catch2/catch.hpp>

#include "core/storage/atomic_file.hpp"
#include "tests/support/process.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/terminal.hpp"
#include "tests/system/world.hpp"

using namespace harmonic;
using namespace harmonic::testing;
using Catch::Contains;

namespace {

long count(const std::string& text, const std::string& pattern) {
  const std::regex wanted(pattern);
  return std::distance(std::sregex_iterator(text.begin(), text.end(), wanted), std::sregex_iterator());
}

/// Of a progress line, the first within 3 s, and no 2 s without one.
void check_lively(const Shown& shown) {
  INFO(shown.text());
  REQUIRE_FALSE(shown.pieces.empty());
  CHECK(shown.pieces.front().seconds < 3);
  CHECK(shown.longest_silence() < 2);
  CHECK(count(shown.text(), R"(\r\x1b\[K\d+s  ETA )") > 0);
}

}  // namespace

TEST_CASE("A search on a terminal is seen to go on, and its log stays short", "[progress]") {
  const World w = world();
  const TemporaryFolder folder;
  const int generations = 3;
  auto search = w.search(folder / "run");
  *std::next(std::ranges::find(search, "--generations")) = std::to_string(generations);
  *std::next(std::ranges::find(search, "--epochs")) = "4";
  const auto shown = run_on_terminal(w.on_ranks(3, search), 120);
  check_lively(shown);
  CHECK(shown.exit_code == 0);
  CHECK_THAT(shown.text(), Contains("generation 1/3  fusion ") && Contains("report: "));
  const auto log = read_file(folder / "run/log.txt");
  INFO(log);
  CHECK(count(log, "generation \\d/3: ") == generations);
  CHECK(count(log, "ETA ") <= 1 + static_cast<long>(shown.seconds / 60));
  CHECK(count(log, "\n") <= generations + 5 + static_cast<long>(shown.seconds / 60));
}

TEST_CASE("Who watches a run from another terminal sees it go on, and how it ends", "[progress]") {
  const World w = world();
  const TemporaryFolder folder;
  Process search(w.on_ranks(3, w.search(folder / "run")));
  REQUIRE(wait_until(search, [&] { return std::filesystem::exists(folder / "run/status.json"); }));
  const auto shown = run_on_terminal(w.alone({"status", "--run", (folder / "run").string(), "--watch"}), 100);
  CHECK(search.wait().exit_code == 0);
  CHECK(shown.exit_code == 0);
  const auto text = shown.text();
  INFO(text);
  CHECK(count(text, "run [^\n]*: running") > 1);
  CHECK(count(text, "run [^\n]*: finished, exit code 0") == 1);
  // The screen that was there before comes back, with the last word on it.
  const auto back = text.rfind("\x1b[?1049l");
  REQUIRE(back != std::string::npos);
  CHECK(text.find("finished, exit code 0", back) != std::string::npos);
}

TEST_CASE("A training on a terminal is seen to go on from its first seconds, validating too", "[progress]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto shown =
      run_on_terminal(w.on_ranks(2, {"supernet", "train", "--data", w.data().string(), "--modality", "image", "--space",
                                     "avmnist-image", "--out", (folder / "image.h5").string(), "--epochs", "4",
                                     "--validate-every", "2"}),
                      120);
  check_lively(shown);
  CHECK(shown.exit_code == 0);
  CHECK_THAT(shown.text(), Contains("epoch 0.") && Contains("/4") && Contains("validating"));
}

TEST_CASE("A sweep on a terminal is seen to go on, and Ctrl-C leaves its last word", "[progress]") {
  const World w = world();
  const TemporaryFolder folder;
  const auto shown =
      run_on_terminal(w.on_ranks(2, {"supernet", "sweep", "--data", w.data().string(), "--weights",
                                     w.weights("image").string(), "--all", "--out", (folder / "all.csv").string()}),
                      120, " networks, ");
  check_lively(shown);
  CHECK(shown.exit_code == 3);
  CHECK_THAT(shown.text(), Contains("stopped; go on with") && !Contains("Forwarding signal"));
}
