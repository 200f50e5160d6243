#include "master/report/run_clock.hpp"

#include <algorithm>

namespace harmonic {

RunClock::RunClock(const std::vector<TimelineRow>& rows) {
  for (const auto& row : rows) {
    const bool begins = row.kind == TimelineKind::job || jobs_.empty();
    if (begins) jobs_.push_back({row.began_s, row.began_s, 0});
    auto& job = jobs_.back();
    job.ended_s = std::max(job.ended_s, row.ended_s);
    if (jobs_.size() == 1) job.began_s = std::min(job.began_s, row.began_s);
  }
  for (std::size_t j = 1; j < jobs_.size(); ++j) {
    jobs_[j].before_s = jobs_[j - 1].before_s + jobs_[j - 1].ended_s - jobs_[j - 1].began_s;
    jobs_[j].ended_s = std::max(jobs_[j].ended_s, jobs_[j].began_s);
  }
}

double RunClock::operator()(double wall_s) const {
  double run_s = 0;
  for (const auto& job : jobs_)
    if (wall_s >= job.began_s) run_s = job.before_s + std::min(wall_s, job.ended_s) - job.began_s;
  return run_s;
}

double RunClock::total_s() const {
  return jobs_.empty() ? 0 : (*this)(jobs_.back().ended_s);
}

std::vector<double> RunClock::resumed_s() const {
  std::vector<double> resumed;
  for (std::size_t j = 1; j < jobs_.size(); ++j) resumed.push_back(jobs_[j].before_s);
  return resumed;
}

}  // namespace harmonic
