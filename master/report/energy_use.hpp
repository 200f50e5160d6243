#pragma once

#include <map>
#include <string>
#include <vector>

#include "master/run/timeline.hpp"

namespace harmonic {

/// What a worker drew in a run, as its meter tells, J: its part of a meter that several workers share. Tries that
/// failed or were lost, and what was drawn before the worker was ready, are not in it.
struct WorkerEnergy {
  Rank rank;
  std::string host;                       ///< the last that it was on
  std::map<TimelineKind, double> work_j;  ///< by kind of work
  double waited_j = 0;                    ///< between pieces of work

  [[nodiscard]] double total_j() const;
};
/// By rank, of the workers that have a meter; none: nothing was measured.
[[nodiscard]] std::vector<WorkerEnergy> worker_energies(const std::vector<TimelineRow>& rows);

/// The same of all workers together; its rank and host mean nothing.
[[nodiscard]] WorkerEnergy together(const std::vector<WorkerEnergy>& workers);

[[nodiscard]] double kwh(double joules);
/// "0.0123", of kWh.
[[nodiscard]] std::string kwh_text(double joules);

}  // namespace harmonic
