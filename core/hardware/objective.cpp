#include "core/hardware/objective.hpp"

namespace harmonic {

const Choices<Objective>& objective_choices() {
  static const auto all = [] {
    Choices<Objective> choices;
    for (std::size_t q = 0; q < kQuantities.size(); ++q) choices.emplace_back(kQuantities[q].name, q);
    for (const auto& size : kSizeMeasures) choices.emplace_back(size.name, size.value);
    return choices;
  }();
  return all;
}

std::vector<Objective> device_objectives() {
  std::vector<Objective> all;
  for (std::size_t q = 0; q < kQuantities.size(); ++q) all.emplace_back(q);
  return all;
}

}  // namespace harmonic
