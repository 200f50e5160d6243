#include "worker/profile/quiet_core.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/base/seconds_since.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kFewest = 512;  // times to compare with, at the start
constexpr std::size_t kRenewed = 64;  // times between two looks at all of them
constexpr double kQuick = 0.03;       // share of times that are quicker than what counts as quick

/// Some microseconds on 2 KiB: hardly anything of a cache.
double arithmetic_s() {
  static thread_local std::vector<float> values(512, 1.0F);
  const auto start = std::chrono::steady_clock::now();
  for (int pass = 0; pass < 40; ++pass)
    for (auto& value : values) value = value * 0.999F + 0.001F;
  const volatile float kept = values.front();
  (void)kept;
  return seconds_since(start);
}

}  // namespace

QuietCore::QuietCore() : QuietCore(arithmetic_s) {}

QuietCore::QuietCore(std::function<double()> loop_s) : loop_s_(std::move(loop_s)) {
  while (times_ < kFewest) (void)is_quiet();
}

bool QuietCore::is_quiet() {
  const double took = loop_s_();
  if (recent_.size() < kRecent)
    recent_.push_back(took);
  else
    recent_[times_ % kRecent] = took;
  if (++times_ % kRenewed == 0) {
    auto sorted = recent_;
    const auto quick = sorted.begin() + static_cast<std::ptrdiff_t>(kQuick * static_cast<double>(sorted.size()));
    std::ranges::nth_element(sorted, quick);
    quick_s_ = *quick;
  }
  return took <= (1 + kTolerance) * quick_s_;
}

void QuietCore::wait(double limit_s) {
  const auto start = std::chrono::steady_clock::now();
  while (!is_quiet() && seconds_since(start) < limit_s) {
  }
}

}  // namespace harmonic
