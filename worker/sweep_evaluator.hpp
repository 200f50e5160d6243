#pragma once

#include <memory>

#include "core/work/sweep_subject.hpp"
#include "core/work/work.hpp"
#include "worker/commands/supernet_evaluation.hpp"
#include "worker/group/placement.hpp"

namespace harmonic {

/// The evaluator of a sweep: scores backbones (modality 0) on the split that is chosen, after recalibration, whatever
/// split the work names. Opens weights and data at once. Make it on the thread that computes.
/// @throws InputError as load_evaluation
[[nodiscard]] std::unique_ptr<Evaluator> make_sweep_evaluator(const EvaluationOptions& chosen, LocalPlace place);

/// What that evaluator will measure on, for who leads the sweep. Reads all that is used, on the CPU.
/// @throws InputError as load_evaluation
[[nodiscard]] SweepSubject open_sweep(const EvaluationOptions& chosen, LocalPlace place);

}  // namespace harmonic
