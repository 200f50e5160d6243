#include "master/report/energy_use.hpp"

#include <fmt/format.h>

namespace harmonic {

double WorkerEnergy::total_j() const {
  double sum = waited_j;
  for (const auto& [kind, joules] : work_j) sum += joules;
  return sum;
}

std::vector<WorkerEnergy> worker_energies(const std::vector<TimelineRow>& rows) {
  std::map<Rank, WorkerEnergy> by_rank;
  for (const auto& row : rows) {
    if (!row.energy) continue;
    auto& worker = by_rank[row.rank];
    worker.rank = row.rank;
    worker.host = row.host;
    worker.work_j[row.kind] += row.energy->work_j;
    worker.waited_j += row.energy->waited_j;
  }
  std::vector<WorkerEnergy> workers;
  for (auto& [rank, worker] : by_rank) workers.push_back(std::move(worker));
  return workers;
}

WorkerEnergy together(const std::vector<WorkerEnergy>& workers) {
  WorkerEnergy all;
  for (const auto& worker : workers) {
    for (const auto& [kind, joules] : worker.work_j) all.work_j[kind] += joules;
    all.waited_j += worker.waited_j;
  }
  return all;
}

double kwh(double joules) {
  return joules / 3.6e6;
}

std::string kwh_text(double joules) {
  return fmt::format("{:.3g}", kwh(joules));
}

}  // namespace harmonic
