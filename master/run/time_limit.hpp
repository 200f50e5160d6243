#pragma once

#include <optional>
#include <string>

#include "core/work/clock.hpp"

namespace harmonic {

/// Seconds that the Slurm job of this process has left, by SLURM_JOB_END_TIME (seconds since 1970); nothing outside of
/// Slurm, of one that does not tell, or, with a warning, where that time is past: the clock is not Slurm's then.
[[nodiscard]] std::optional<double> seconds_of_slurm_job();

/// When a run is to stop by itself: after the time that the user gave it; and so long before its Slurm job ends that
/// the grace, and a minute for clocks that do not agree, are left. Of a job of minutes these are at most a quarter.
class TimeLimit {
 public:
  /// @param limit_s from now on; infinity: none @param grace_s as the settings have it
  TimeLimit(double limit_s, double grace_s, Clock clock, std::optional<double> job_left_s = {});

  [[nodiscard]] bool is_reached() const;
  /// "at its time limit of 3h", "before its Slurm job ends"
  [[nodiscard]] std::string reason() const;
  /// What of the grace is left in a job.
  [[nodiscard]] double grace_s() const { return grace_s_; }

 private:
  Clock clock_;
  double start_s_;
  double limit_s_;
  double grace_s_;
  bool of_job_ = false;  ///< the job's end comes first
};

}  // namespace harmonic
