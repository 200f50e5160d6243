#include "master/run/model_plan.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace harmonic {

double ModelPlan::hypervolume() const {
  double volume = archive().hypervolume(inputs_.reference);
  for (const auto& column : inputs_.pricing->objective_columns()) volume *= column.unit;
  return volume;
}

void ModelPlan::save_hypervolume(const RunPaths& paths, int generation, double volume) const {
  add_hypervolume(paths.hypervolume(), axes_, {generation, archive().models().size(), volume});
}

std::string ModelPlan::hypervolume_text() const {
  return fmt::format("hypervolume {:.6g} (reference: {})\n", hypervolume(), axes_.text());
}

nlohmann::ordered_json ModelPlan::json() const {
  auto ids = nlohmann::ordered_json::array();
  for (const auto id : archive().front()) ids.push_back(id.value);
  auto reference = nlohmann::ordered_json::object();
  for (std::size_t c = 0; c < axes_.columns.size(); ++c) reference[axes_.columns[c]] = axes_.reference[c];
  return {{"front", std::move(ids)}, {"hypervolume", hypervolume()}, {"reference", std::move(reference)}};
}

}  // namespace harmonic
