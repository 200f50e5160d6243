#include "master/run/live_report.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "core/base/log.hpp"

namespace harmonic {
namespace {

constexpr double kBetweenReports_s = 60;
constexpr double kTimesItsOwn = 20;  // a report that took so long waits so many times as long

}  // namespace

LiveReport::LiveReport(std::function<void()> write, Clock clock)
    : write_(std::move(write)), clock_(std::move(clock)), next_s_(clock_() + kBetweenReports_s) {}

void LiveReport::show() {
  if (over_) return;
  if (under_way_.valid()) {
    if (under_way_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
    under_way_.get();
    next_s_ = began_s_ + std::max(kBetweenReports_s, kTimesItsOwn * took_s_);
  }
  if (clock_() < next_s_) return;
  begun_ = true;
  began_s_ = clock_();
  under_way_ = std::async(std::launch::async, [this] { write(); });
}

void LiveReport::finish() {
  over_ = true;
  if (under_way_.valid()) under_way_.get();
}

void LiveReport::write() noexcept {
  const double start_s = clock_();
  try {
    write_();
  } catch (const std::exception& e) {
    if (!warned_) log::warning("there is no report of the run as it goes on: {}", e.what());
    warned_ = true;
  }
  took_s_ = clock_() - start_s;
}

}  // namespace harmonic
