#include "master/run/run_curves.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace harmonic {

RunCurves::RunCurves(std::filesystem::path folder)
    : log_(std::move(folder), "generation", {"hypervolume", "metric_val", "front", "models", "utilisation"},
           {"hypervolume", "models"}) {}

void RunCurves::generation_done(int generation, const GenerationFigures& figures, const DispatchCounts& counts) {
  const auto before = std::exchange(before_, counts);
  const bool worked_for = counts.done > before.done;
  const double there_s = counts.there_s - before.there_s;
  std::optional<double> utilisation;
  if (worked_for && there_s > 0) utilisation = std::min(1.0, (counts.busy_s - before.busy_s) / there_s);
  waiting_.push_back({{generation,
                       {figures.hypervolume, figures.best_metric, static_cast<double>(figures.front),
                        static_cast<double>(figures.models), utilisation},
                       wall_time_s()},
                      worked_for});
}

void RunCurves::write() {
  for (const auto& [row, worked_for] : std::exchange(waiting_, {}))
    if (worked_for || row.step > log_.last_step()) log_.add(row);
}

}  // namespace harmonic
