#pragma once

#include <filesystem>
#include <vector>

#include "master/dispatch/dispatcher.hpp"
#include "master/run/run_plan.hpp"
#include "proto/curve_log.hpp"

namespace harmonic {

/// Curves of a run over its generations, for TensorBoard and as `curves.csv` in `folder`: hypervolume, metric_val of
/// the best model, front, models, and utilisation, 0 … 1, the share of the workers' time that was work. Hypervolume and
/// models are in hypervolume.csv, not in this table. A generation that a job has from the journal alone stays as an
/// earlier job told it.
class RunCurves {
 public:
  explicit RunCurves(std::filesystem::path folder);

  /// To be called for each generation as it ends, in order. @param counts of the job so far
  void generation_done(int generation, const GenerationFigures& figures, const DispatchCounts& counts);
  /// Puts what waits on disk: a run that is refused leaves its folder as it was, so this is for one that is not.
  void write();

 private:
  CurveLog log_;
  struct Waiting {
    CurveRow row;
    bool worked_for = false;  ///< by workers of this job
  };
  std::vector<Waiting> waiting_;
  DispatchCounts before_;  ///< when the last generation ended
};

}  // namespace harmonic
