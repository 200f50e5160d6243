#pragma once

#include <optional>

namespace harmonic {

/// Whether a run that says that it goes on does, as its status file's time tells whoever looks in. The file is touched
/// every few seconds (StatusFile) by the clock of the run's machine, or of the file server, which need not agree with
/// the looker's: a file that seems too old, or from the future, may only be dated by another clock. So it counts as
/// doubtful until it was watched for long enough by the looker's clock alone. No lock is tried: many file systems have
/// none, and another machine's says nothing.
class SignsOfLife {
 public:
  /// @param limit_s a run that is silent for longer gives no sign of life
  /// @param beat_s a run that lives touches its file at least so often
  SignsOfLife(double limit_s, double beat_s) : limit_s_(limit_s), beat_s_(beat_s) {}

  /// @param touched_s time of the file, in seconds since 1970
  /// @param wall_s now by the looker's clock, likewise
  /// @param now_s now by a clock that never goes back
  void look(double touched_s, double wall_s, double now_s);

  /// Seconds since the last sign of life, as far as can be known; nothing while the run lives.
  [[nodiscard]] std::optional<double> silent_s() const;
  /// Whether that may be the clocks' fault: only a longer look can tell.
  [[nodiscard]] bool is_doubtful() const { return silent_s().has_value() && now_s_ - first_look_s_ < 2 * beat_s_; }

 private:
  double limit_s_, beat_s_;
  std::optional<double> touched_s_;
  double first_look_s_ = 0, now_s_ = 0;
  double heard_s_ = 0;  ///< when the last sign came, by the clock that never goes back
};

}  // namespace harmonic
