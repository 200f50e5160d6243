#include "master/report/described_model.hpp"

#include <cmath>

#include "core/base/error.hpp"
#include "core/work/run_devices.hpp"
#include "master/report/run_model.hpp"

namespace harmonic {
namespace {

/// Whether the tables say what the run's CSV does.
bool agree(const ModelArchitecture& model, const ReportedModel& row) {
  for (std::size_t d = 0; d < model.costs.size(); ++d)
    for (std::size_t q = 0; q < kQuantities.size(); ++q) {
      const auto &now = model.costs[d][q], &then = row.costs[q].at(d);
      if (now.has_value() != then.has_value() || (now && std::abs(*now - *then) > 1e-9 * std::abs(*then))) return false;
    }
  return true;
}

}  // namespace

DescribedModel ModelDescriber::describe(const ReportedModel& row) {
  DescribedModel described;
  const auto& settings = recorded_.settings;
  const auto genotype = parse_genotype(row.genotype);
  const MultimodalGenome genome{backbones_of(paths_, row, settings), macro_of(genotype)};
  // parameters is the first of kSizeMeasures.
  const auto classes = recorded_.data ? std::optional(recorded_.data->classes)
                       : row.sizes[0] ? classes_for(settings, genome, genotype, *row.sizes[0])
                                      : std::nullopt;
  if (!classes) return described;
  const auto& tables = tables_for(*classes);
  described.without_tables = tables.problem;
  if (tables.devices) try {
      described.architecture = harmonic::describe(settings, genome, genotype, *classes, &*tables.devices);
      if (agree(*described.architecture, row)) return described;
      described.without_tables = "the tables are no longer those of the run";
    } catch (const InputError& e) {
      described.without_tables = e.problem();
    }
  described.architecture = harmonic::describe(settings, genome, genotype, *classes, nullptr);
  described.architecture->devices = results_.devices;
  described.architecture->costs.resize(results_.devices.size());
  for (std::size_t d = 0; d < results_.devices.size(); ++d)
    for (std::size_t q = 0; q < kQuantities.size(); ++q) described.architecture->costs[d][q] = row.costs[q][d];
  return described;
}

const ModelDescriber::Tables& ModelDescriber::tables_for(int classes) {
  const auto [entry, is_new] = tables_.try_emplace(classes);
  if (is_new) try {
      entry->second.devices = run_devices(recorded_.settings, classes);
    } catch (const InputError& e) {
      entry->second.problem = e.problem();
    }
  return entry->second;
}

}  // namespace harmonic
