#pragma once

#include <vector>

#include "master/run/timeline.hpp"

namespace harmonic {

/// The time that a run has run, without the pauses between its jobs.
class RunClock {
 public:
  /// @param rows of its timeline; a run that lacks the row of a job began with its first row
  explicit RunClock(const std::vector<TimelineRow>& rows);

  /// @param wall_s seconds since 1970 @return seconds since the run began; in a pause those when the job before ended
  [[nodiscard]] double operator()(double wall_s) const;
  [[nodiscard]] double total_s() const;
  /// When jobs that went on began, of operator().
  [[nodiscard]] std::vector<double> resumed_s() const;

 private:
  struct Job {
    double began_s, ended_s;  ///< since 1970
    double before_s;          ///< that the run had run when it began
  };
  std::vector<Job> jobs_;  ///< ascending; none for no rows
};

}  // namespace harmonic
