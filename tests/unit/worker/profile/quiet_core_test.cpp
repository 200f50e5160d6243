#include "worker/profile/quiet_core.hpp"

#include <catch2/catch.hpp>

namespace harmonic {

TEST_CASE("A core is quiet while its loop takes hardly longer than the quickest of late", "[profile]") {
  double loop_s = 1;
  QuietCore core([&] { return loop_s; });
  CHECK(core.is_quiet());
  loop_s = 1 + QuietCore::kTolerance / 2;
  CHECK(core.is_quiet());
  loop_s = 2;
  CHECK_FALSE(core.is_quiet());
  loop_s = 1;
  CHECK(core.is_quiet());
}

TEST_CASE("A core that others slow down most of the time is not quiet then", "[profile]") {
  int times = 0;
  const auto is_slow = [&](int time) { return time % 10 != 0; };
  QuietCore core([&] { return is_slow(times++) ? 2.0 : 1.0; });
  for (int i = 0; i < 1000; ++i) {
    const bool slow = is_slow(times);
    REQUIRE(core.is_quiet() != slow);
  }
}

TEST_CASE("A core that has grown slower for good is quiet at its new pace", "[profile]") {
  double loop_s = 1;
  QuietCore core([&] { return loop_s; });
  loop_s = 1.5;
  CHECK_FALSE(core.is_quiet());
  for (std::size_t i = 0; i < QuietCore::kRecent; ++i) (void)core.is_quiet();
  CHECK(core.is_quiet());
}

TEST_CASE("Waiting for a quiet core ends when it is", "[profile]") {
  int times = 0;
  QuietCore core([&] { return ++times > 600 && times < 700 ? 2.0 : 1.0; });
  while (times < 600) (void)core.is_quiet();
  core.wait(1e9);
  CHECK(times == 700);
}

}  // namespace harmonic
