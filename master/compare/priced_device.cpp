#include "master/compare/priced_device.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/space/genome.hpp"
#include "core/space/genotype.hpp"
#include "core/work/run_devices.hpp"
#include "master/report/run_model.hpp"
#include "master/run/largest_model.hpp"
#include "master/run/run_folder.hpp"

namespace harmonic {
namespace {

/// Of the most expensive operator throughout, quantity by quantity.
Cost dearest_of(const SearchSettings& settings, const DeviceSet& devices) {
  const auto largest = largest_model(settings);
  const auto operators = static_cast<std::size_t>(largest.macro.cells) * static_cast<std::size_t>(largest.macro.nodes);
  Cost dearest;
  for (const auto& op : settings.fusion.operators) {
    const auto cost = devices.model_costs(largest, std::vector<std::string>(operators, op)).front();
    for (std::size_t q = 0; q < kQuantities.size(); ++q) dearest[q] = cost[q] ? std::max(dearest[q], cost[q]) : cost[q];
  }
  return dearest;
}

}  // namespace

Cost price_on(RunResults& results, const RunPaths& paths, const DeviceSpec& device) {
  if (std::ranges::find(results.devices, device.name) != results.devices.end())
    throw InputError(fmt::format("the run {} has a device {} of its own", paths.folder.string(), device.name),
                     fmt::format("give --device {} for its costs, or the table another name", device.name));
  auto recorded = read_recorded(paths);
  if (!recorded.data)
    throw InputError(fmt::format("the run {} does not say how many classes it tells apart", paths.folder.string()),
                     "leave the table out of --device");
  recorded.settings.devices = {device};
  recorded.settings.cost = CostScope::published;  // what every table has rows for
  const auto devices = run_devices(recorded.settings, recorded.data->classes);
  for (auto* models : {&results.candidates, &results.front})
    for (auto& model : *models) {
      const MultimodalGenome genome{backbones_of(paths, model, recorded.settings), {}};
      const auto cost = devices.model_costs(genome, operators_of(parse_genotype(model.genotype))).front();
      for (std::size_t q = 0; q < kQuantities.size(); ++q) model.costs[q].push_back(cost[q]);
    }
  results.devices.push_back(device.name);
  return dearest_of(recorded.settings, devices);
}

}  // namespace harmonic
