#pragma once

#include <functional>
#include <future>

#include "core/work/clock.hpp"

namespace harmonic {

/// The report of a run that goes on, written again and again from the run's files by a thread of its own, so that no
/// message waits for it: at most once a minute, and so seldom that it takes at most a twentieth of a core.
class LiveReport {
 public:
  /// @param write one report; called by another thread, never twice at once. What it throws is told once, as a warning
  explicit LiveReport(std::function<void()> write, Clock clock = steady_clock());
  ~LiveReport() { finish(); }
  LiveReport(const LiveReport&) = delete;
  LiveReport& operator=(const LiveReport&) = delete;

  /// Begins another one where it is time for it. Returns at once; cheap, to be called often.
  void show();
  /// Waits for the one that is under way. None begins after it.
  void finish();
  [[nodiscard]] bool was_begun() const { return begun_; }  ///< one at least

 private:
  void write() noexcept;

  std::function<void()> write_;
  Clock clock_;
  double began_s_ = 0, next_s_;
  bool begun_ = false;
  bool over_ = false;
  bool warned_ = false;  ///< this and the next are the thread's until its future is ready
  double took_s_ = 0;
  std::future<void> under_way_;
};

}  // namespace harmonic
