#include "master/run/time_limit.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/storage/curves.hpp"

namespace harmonic {
namespace {

constexpr double kClocks_s = 60;       // that may lie between this machine's clock and Slurm's
constexpr double kMostReserve = 0.25;  // of what is left of a job

}  // namespace

std::optional<double> seconds_of_slurm_job() try {
  const char* end = std::getenv("SLURM_JOB_END_TIME");
  if (end == nullptr || std::getenv("SLURM_JOB_ID") == nullptr) return std::nullopt;
  const double left_s = parse_real(end, "SLURM_JOB_END_TIME") - wall_time_s();
  if (left_s > 0) return left_s;
  log::warning(
      "SLURM_JOB_END_TIME is past by this machine's clock: it is ignored, and the end of the Slurm job is not "
      "known");
  return std::nullopt;
} catch (const InputError& e) {
  log::warning("{}: the end of the Slurm job is not known", e.problem());
  return std::nullopt;
}

TimeLimit::TimeLimit(double limit_s, double grace_s, Clock clock, std::optional<double> job_left_s)
    : clock_(std::move(clock)), start_s_(clock_()), limit_s_(limit_s), grace_s_(grace_s) {
  if (!job_left_s) return;
  const double reserve_s = std::min(grace_s + kClocks_s, kMostReserve * *job_left_s);
  grace_s_ = std::min(grace_s, reserve_s / 2);
  of_job_ = *job_left_s - reserve_s < limit_s;
  if (!of_job_) return;
  limit_s_ = *job_left_s - reserve_s;
  log::info("the Slurm job ends in {}: the run stops {} before, to be resumed", human_duration(*job_left_s),
            human_duration(reserve_s));
}

bool TimeLimit::is_reached() const {
  return clock_() - start_s_ > limit_s_;
}

std::string TimeLimit::reason() const {
  return of_job_ ? "before its Slurm job ends" : fmt::format("at its time limit of {}", human_duration(limit_s_));
}

}  // namespace harmonic
