#include "core/base/progress_display.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "core/base/log.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using namespace harmonic::testing;
using Catch::Contains;

namespace {

/// What `work` leaves in the log's file.
template <class Work>
std::string logged(const Work& work) {
  const TemporaryFolder folder;
  log::set_level(log::Level::error);
  log::open_file(folder / "log.txt");
  work();
  log::close_file();
  log::set_level(log::Level::info);
  return read_file(folder / "log.txt");
}

void wait_s(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

}  // namespace

TEST_CASE("The log hears of progress soon after the start, and then so often at most", "[base][progress]") {
  int changes = 0;
  const auto text = logged([&] {
    ProgressDisplay display("reading", {.redraw = 0.01, .first_line = 0.05, .between_lines = 3600});
    while (changes < 200) {
      display.show({"step " + std::to_string(++changes), 3725});
      wait_s(0.001);
    }
  });
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK_THAT(text, Contains("0s  ETA 1h02m  step "));
}

TEST_CASE("Progress is shown by itself while the work says nothing", "[base][progress]") {
  const auto text = logged([] {
    const ProgressDisplay display("reading", {.redraw = 0.01, .first_line = 0, .between_lines = 0.02});
    wait_s(0.3);
  });
  CHECK(std::count(text.begin(), text.end(), '\n') > 2);
  CHECK_THAT(text, Contains("ETA ?  reading"));
}

TEST_CASE("The time left is that of the share done so far, and goes down as time passes", "[base][progress]") {
  const auto text = logged([] {
    ProgressDisplay display("reading", {.redraw = 0.01, .first_line = 0.9, .between_lines = 3600});
    wait_s(0.5);
    display.show("a ten-thousandth", 1e-4);  // of 5000 s
    wait_s(0.6);
  });
  CHECK_THAT(text, Contains("ETA 1h") && Contains("a ten-thousandth"));
}

TEST_CASE("Once closed a display is silent", "[base][progress]") {
  const auto text = logged([] {
    ProgressDisplay display("reading", {.between_changes = 0, .redraw = 0.01, .first_line = 0.1, .between_lines = 0});
    display.close();
    CHECK_FALSE(display.is_due());
    display.show({"late"});
    wait_s(0.15);
  });
  CHECK(text.empty());
}

TEST_CASE("A wish to stop is answered at once, in one line, while the work goes on", "[base][progress]") {
  std::atomic<bool> asked = false;
  const auto text = logged([&] {
    const ProgressDisplay display("reading",
                                  {.between_changes = 0.01, .redraw = 3600, .first_line = 3600, .between_lines = 3600},
                                  [&] { return asked.load(); });
    wait_s(0.1);
    asked = true;
    wait_s(0.5);
  });
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK_THAT(text, Contains("stopping, with a checkpoint"));
}
