#include "master/run/live_report.hpp"

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

/// A report of a run whose time the test tells.
struct Watched {
  std::atomic<double> now_s = 0;
  std::atomic<int> written = 0;
  std::atomic<double> takes_s = 0;
  std::atomic<int> looks = 0;  ///< of the thread at the clock: two a report
  std::thread::id own = std::this_thread::get_id();
  LiveReport report{[this] {
                      now_s = now_s + takes_s;
                      ++written;
                    },
                    [this] {
                      looks += std::this_thread::get_id() == own ? 0 : 1;
                      return now_s.load();
                    }};

  /// @param expected reports so far
  void at(double when_s, int expected) {
    now_s = when_s;
    for (int i = 0; i < 2000 && written < expected; ++i) {
      report.show();
      pause_briefly();
    }
    for (int i = 0; i < 2000 && looks < 2 * written; ++i) pause_briefly();
    report.show();
    CHECK(written == expected);
  }
};

TEST_CASE("The report of a run that goes on is written once a minute, and no more when it is over",
          "[master][report]") {
  Watched run;
  run.at(59, 0);
  CHECK_FALSE(run.report.was_begun());
  run.at(60, 1);
  run.at(119, 1);
  run.at(121, 2);
  run.report.finish();
  CHECK(run.report.was_begun());
  run.at(1000, 2);
}

TEST_CASE("A report that takes long is written the more seldom", "[master][report]") {
  Watched run;
  run.takes_s = 30;
  run.at(60, 1);
  run.at(180, 1);
  run.at(650, 1);
  run.at(661, 2);
}

TEST_CASE("A report that cannot be written costs the run nothing", "[master][report]") {
  double now_s = 0;
  LiveReport report([] { throw RunError("the disk is full"); }, [&] { return now_s; });
  now_s = 100;
  report.show();
  CHECK_NOTHROW(report.finish());
}

}  // namespace
}  // namespace harmonic
