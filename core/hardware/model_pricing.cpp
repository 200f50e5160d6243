#include "core/hardware/model_pricing.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/overloaded.hpp"
#include "core/base/text.hpp"
#include "core/hardware/fusion_operators.hpp"

namespace harmonic {

namespace {

void add(std::vector<Cost>& sum, const std::vector<Cost>& costs, double times = 1) {
  for (std::size_t d = 0; d < sum.size(); ++d)
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      sum[d][q] = sum[d][q] && costs[d][q] ? std::optional(*sum[d][q] + times * *costs[d][q]) : std::nullopt;
}

/// The smallest that backbones can be, of every measure for itself.
ModelSize least_size(const BackboneSpace& space, int classes) {
  ModelSize least = backbone_size(space, smallest_genome(space), classes);
  if (space.family == BackboneSpace::Family::maxout) return least;
  for (const auto& measure : kSizeMeasures)
    least.*measure.value = least_backbone(space, classes, [&](const Layer& layer) {
                             return size_of(layer_kernels(layer)).*measure.value;
                           }).value;
  return least;
}

ModelSize least_operator_size(const std::vector<std::string>& operators, int channels, int positions) {
  ModelSize least = size_of(fusion_kernels(operators.front(), channels, positions));
  for (const auto& op : operators)
    for (const auto& measure : kSizeMeasures)
      least.*measure.value =
          std::min(least.*measure.value, size_of(fusion_kernels(op, channels, positions)).*measure.value);
  return least;
}

}  // namespace

ModelPricing::ModelPricing(DeviceSet devices, ModelSizing sizing, std::vector<Objective> objectives,
                           const Bounded& bounded)
    : devices_(std::move(devices)),
      sizing_(std::move(sizing)),
      objectives_(std::move(objectives)),
      limits_(bounded.bounds, devices_),
      fewest_cells_(bounded.fewest_cells) {
  for (const auto& space : sizing_.spaces) reference_ += backbone_size(space, smallest_genome(space), sizing_.classes);
  if (objective_names().empty())
    throw InputError(fmt::format("nothing is left to minimise beside the error: {}", join(lacking_costs(), ", ")),
                     "give tables that have it in every row, or other objectives in [hardware], or --objective");
  for (std::size_t m = 0; m < sizing_.spaces.size(); ++m) {
    choices_.push_back(devices_.gene_choices(static_cast<int>(m)));
    if (!choices_.back().any())
      throw InputError(fmt::format("there is no network of space {} that all devices can run: their tables have rows "
                                   "that are unsupported",
                                   sizing_.spaces[m].name),
                       "name a space of what every device can run, or leave a device out");
  }
  check_operators(bounded.operators);
  if (limits_.empty()) return;
  Least sum{std::vector<Cost>(devices_.devices().size()), {}};
  for (std::size_t m = 0; m < sizing_.spaces.size(); ++m) {
    least_.push_back(
        {devices_.least_backbone_costs(static_cast<int>(m)), least_size(sizing_.spaces[m], sizing_.classes)});
    add(sum.devices, least_.back().devices);
    sum.size += least_.back().size;
  }
  if (!bounded.operators.empty())
    least_operator_ = {devices_.least_operator_costs(bounded.operators),
                       least_operator_size(bounded.operators, sizing_.channels, sizing_.positions)};
  for (int cell = 0; cell < fewest_cells_; ++cell) {
    add(sum.devices, least_operator_.devices);
    sum.size += least_operator_.size;
  }
  limits_.check_reachable(devices_, sum.devices, sum.size);
}

void ModelPricing::check_operators(const std::vector<std::string>& operators) const {
  std::vector<std::string> lacking, left;
  for (const auto& op : operators) {
    const auto costs = devices_.least_operator_costs({op});
    const auto without = std::ranges::find_if_not(costs, &Cost::is_supported);
    if (without == costs.end())
      left.push_back(op);
    else
      lacking.push_back(fmt::format("device {} cannot run {}",
                                    devices_.devices()[static_cast<std::size_t>(without - costs.begin())].name, op));
  }
  if (lacking.empty()) return;
  throw InputError(join(lacking, ", "), left.empty() ? "leave the device out, or give other operators in [fusion]"
                                                     : fmt::format("give operators = {} in [fusion], or --operators {}",
                                                                   join(left, ","), join(left, ",")));
}

double ModelPricing::violation_with(Least sum, double operators) const {
  if (operators > 0) {
    add(sum.devices, least_operator_.devices, operators);
    for (const auto& measure : kSizeMeasures)
      sum.size.*measure.value += operators * least_operator_.size.*measure.value;
  }
  return limits_.violation(devices_, sum.devices, sum.size);
}

double ModelPricing::least_violation(const MultimodalGenome& genome) const {
  if (limits_.empty()) return 0;
  Least sum{std::vector<Cost>(devices_.devices().size()), {}};
  for (std::size_t m = 0; m < sizing_.spaces.size(); ++m) {
    add(sum.devices, devices_.backbone_costs(static_cast<int>(m), genome.backbones.at(m)));
    sum.size += backbone_size(sizing_.spaces[m], genome.backbones[m], sizing_.classes);
  }
  return violation_with(std::move(sum), genome.macro.cells);
}

double ModelPricing::least_violation(int modality, const BackboneGenome& genome) const {
  const auto own = static_cast<std::size_t>(modality);
  if (!choices_.at(own).allows(genome)) return std::numeric_limits<double>::infinity();
  if (limits_.empty()) return 0;
  Least sum{devices_.backbone_costs(modality, genome), backbone_size(sizing_.spaces[own], genome, sizing_.classes)};
  for (std::size_t m = 0; m < least_.size(); ++m)
    if (m != own) {
      add(sum.devices, least_[m].devices);
      sum.size += least_[m].size;
    }
  return violation_with(std::move(sum), fewest_cells_);
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
  const double violation = limits_.violation(devices_, costs, size);
  return {std::move(costs), std::move(minimised), size, violation};
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
