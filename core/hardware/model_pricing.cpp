#include "core/hardware/model_pricing.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/overloaded.hpp"
#include "core/base/text.hpp"

namespace harmonic {

ModelPricing::ModelPricing(DeviceSet devices, ModelSizing sizing, std::vector<Objective> objectives)
    : devices_(std::move(devices)), sizing_(std::move(sizing)), objectives_(std::move(objectives)) {
  for (const auto& space : sizing_.spaces) reference_ += backbone_size(space, smallest_genome(space), sizing_.classes);
  if (objective_names().empty())
    throw InputError(fmt::format("nothing is left to minimise beside the error: {}", join(lacking_costs(), ", ")),
                     "give tables that have it in every row, or other objectives in [hardware], or --objective");
}

std::vector<std::string> ModelPricing::lacking_costs() const {
  std::vector<std::string> lacking;
  for (const auto& objective : objectives_)
    if (const auto* quantity = std::get_if<std::size_t>(&objective))
      for (const auto& device : devices_.devices())
        if (!device.table.has(*quantity))
          lacking.push_back(fmt::format("device {} has no {} in some rows of table {}", device.name,
                                        kQuantities[*quantity].name, device.table.name()));
  return lacking;
}

ModelCosts ModelPricing::model(const MultimodalGenome& genome, const Genotype& genotype) const {
  auto costs = devices_.model_costs(genome, genotype);
  const auto size = sizing_(genome, genotype);
  auto minimised = objectives(costs, size);
  return {std::move(costs), std::move(minimised), size};
}

std::vector<double> ModelPricing::backbone(int modality, const BackboneGenome& genome) const {
  const auto& space = sizing_.spaces.at(static_cast<std::size_t>(modality));
  return objectives(devices_.backbone_costs(modality, genome), backbone_size(space, genome, sizing_.classes));
}

std::vector<double> ModelPricing::objectives(const std::vector<Cost>& costs, const ModelSize& size) const {
  std::vector<double> values;
  for (const auto& objective : objectives_)
    std::visit(Overloaded{[&](std::size_t quantity) {
                            const auto of_devices = devices_.objectives(quantity, costs);
                            values.insert(values.end(), of_devices.begin(), of_devices.end());
                          },
                          [&](double ModelSize::*measure) { values.push_back(size.*measure / reference_.*measure); }},
               objective);
  return values;
}

std::vector<std::string> ModelPricing::objective_names() const {
  std::vector<std::string> names;
  for (const auto& objective : objectives_)
    if (const auto* quantity = std::get_if<std::size_t>(&objective)) {
      const auto of_devices = devices_.objective_names(*quantity);
      names.insert(names.end(), of_devices.begin(), of_devices.end());
    } else {
      names.push_back(word_of(objective_choices(), objective));
    }
  return names;
}

std::vector<ObjectiveColumn> ModelPricing::objective_columns() const {
  std::vector<ObjectiveColumn> columns;
  for (const auto& objective : objectives_)
    if (const auto* quantity = std::get_if<std::size_t>(&objective)) {
      const auto of_devices = devices_.objective_columns(*quantity);
      columns.insert(columns.end(), of_devices.begin(), of_devices.end());
    } else {
      columns.push_back(
          {word_of(objective_choices(), objective), reference_.*std::get<double ModelSize::*>(objective)});
    }
  return columns;
}

}  // namespace harmonic
