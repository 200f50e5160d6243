#include "worker/profile/quiet_core.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/base/seconds_since.hpp"

namespace harmonic {
namespace {

constexpr int kFewest = 512;      // times to compare with, at the start
constexpr double kSpell_s = 0.1;  // others leave a core alone for a moment, mostly, in so long
constexpr double kQuick = 0.05;   // share of spells that are quicker than what counts as quick

/// Some microseconds on 2 KiB: hardly anything of a cache. They are in it before time counts, whatever ran before.
double arithmetic_s() {
  static thread_local std::vector<float> values(512, 1.0F);
  constexpr int kWarmUp = 2, kPasses = 40;
  std::chrono::steady_clock::time_point start;
  for (int pass = -kWarmUp; pass < kPasses; ++pass) {
    if (pass <= 0) start = std::chrono::steady_clock::now();
    for (auto& value : values) value = value * 0.999F + 0.001F;
  }
  const volatile float kept = values.front();
  (void)kept;
  return seconds_since(start);
}

}  // namespace

QuietCore::QuietCore() : QuietCore(arithmetic_s) {}

QuietCore::QuietCore(std::function<double()> loop_s) : loop_s_(std::move(loop_s)) {
  for (int time = 0; time < kFewest; ++time) (void)is_quiet();
}

bool QuietCore::is_quiet() {
  const double took = loop_s_();
  spell_s_ += took;
  if (quickest_s_ == 0 || took < quickest_s_) quickest_s_ = took;
  if (recent_.empty()) quick_s_ = quickest_s_;
  if (spell_s_ >= kSpell_s) end_spell();
  return took <= (1 + kTolerance) * quick_s_;
}

void QuietCore::end_spell() {
  if (recent_.size() < kRecent)
    recent_.push_back(quickest_s_);
  else
    recent_[spells_ % kRecent] = quickest_s_;
  ++spells_;
  spell_s_ = quickest_s_ = 0;
  auto sorted = recent_;
  const auto quick = sorted.begin() + static_cast<std::ptrdiff_t>(kQuick * static_cast<double>(sorted.size()));
  std::ranges::nth_element(sorted, quick);
  quick_s_ = *quick;
}

void QuietCore::wait(double limit_s) {
  const auto start = std::chrono::steady_clock::now();
  while (!is_quiet() && seconds_since(start) < limit_s) {
  }
}

}  // namespace harmonic
