#pragma once

#include <memory>

#include "master/reproduce/reproduce_settings.hpp"
#include "master/run/run_inputs.hpp"
#include "master/run/run_plan.hpp"

namespace harmonic {

/// `harmonic reproduce --table supernets`: the largest sub-network of each published supernet that the run has a
/// modality of, alone, on the test split. Leaves reproduced.csv and reproduced.html.
/// @param settings whose supernet_rows() fit the data; it and `inputs` live longer than the plan
[[nodiscard]] std::unique_ptr<RunPlan> make_supernet_plan(const ReproduceSettings& settings, const RunInputs& inputs);

}  // namespace harmonic
