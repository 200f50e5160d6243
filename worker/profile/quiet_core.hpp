#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace harmonic {

/// Whether the processor's core runs as fast as it does when nobody else uses it. The system's own counters do not
/// tell: on a core's second thread another program, or another machine's, may run, and all takes twice as long. So a
/// short loop of arithmetic is timed before and after what is measured.
class QuietCore {
 public:
  QuietCore();
  /// @param loop_s runs a loop whose work is always the same, in seconds
  explicit QuietCore(std::function<double()> loop_s);

  /// Times the loop once. @return whether it took at most kTolerance longer than the quickest of the recent times
  [[nodiscard]] bool is_quiet();
  /// Until the core is quiet, or for so long. A machine that has grown slower for good is quiet again once nearly all
  /// kRecent spells that it is compared with are of its new pace.
  void wait(double limit_s);

  static constexpr double kTolerance = 0.03;
  static constexpr std::size_t kRecent = 600;  ///< spells: of a minute of loops

 private:
  void end_spell();

  std::function<double()> loop_s_;
  std::vector<double> recent_;  ///< the quickest time of each spell, seconds; a ring
  std::size_t spells_ = 0;
  double spell_s_ = 0, quickest_s_ = 0;  ///< of the spell under way: all of its loops, the quickest; 0: none yet
  double quick_s_ = 0;                   ///< low quantile of the recent ones: a single quick one may be a clock's whim
};

}  // namespace harmonic
