#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "core/base/choices.hpp"
#include "core/hardware/model_size.hpp"
#include "core/hardware/quantity.hpp"

namespace harmonic {

/// What a search can minimise beside the error: a quantity of its devices (of kQuantities), or a size of the model.
using Objective = std::variant<std::size_t, double ModelSize::*>;

/// With the names of kQuantities and kSizeMeasures.
[[nodiscard]] const Choices<Objective>& objective_choices();
/// Every quantity of the devices.
[[nodiscard]] std::vector<Objective> device_objectives();

}  // namespace harmonic
