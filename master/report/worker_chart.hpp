#pragma once

#include <string>
#include <vector>

#include "master/report/run_clock.hpp"
#include "master/run/timeline.hpp"

namespace harmonic {

/// What a worker did with its time.
struct WorkerTimes {
  Rank rank;
  std::string host;  ///< the last that it was on
  int done = 0;      ///< pieces of work
  int failed = 0;    ///< for good, and tries
  double busy_s = 0, lost_s = 0;
};
/// By rank. A worker is lost until its next piece of work ends, or until the end of the job.
[[nodiscard]] std::vector<WorkerTimes> worker_times(const std::vector<TimelineRow>& rows, const RunClock& clock);

/// Who did what and when, a lane a worker: an <svg> as to_svg of the plots. Kinds of work differ by their pattern, a
/// failed try is crossed out, a lost worker's time is dashed, one in which it waited is empty, and a job that went on
/// begins at a vertical line. Pieces that follow one another too closely to be told apart are drawn as one, which says
/// how many it is, so that the chart stays below a megabyte for any run. Draws the first 100 workers. Needs a row of a
/// worker at least.
[[nodiscard]] std::string worker_chart(const std::vector<TimelineRow>& rows, const RunClock& clock);

/// How the chart draws that, and what it is called: for a legend.
struct ChartLook {
  TimelineKind kind;
  const char* look;  ///< CSS class
  const char* name;  ///< "fusion search"
};
[[nodiscard]] const std::vector<ChartLook>& chart_looks();

}  // namespace harmonic
