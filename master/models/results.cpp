#include "master/models/results.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/storage/csv.hpp"
#include "master/models/cost_cells.hpp"
#include "master/models/retraining_noise.hpp"

namespace harmonic {
namespace {

constexpr int kBeforeLate = 3;  // columns of the front's table: id, val %, +/-

std::string number(const std::optional<double>& value) {
  return value ? shortest(*value) : "";
}

std::string fixed(const std::optional<double>& value, int decimals) {
  return value ? fmt::format("{:.{}f}", *value, decimals) : "-";
}

double deviation_of(const Archive& archive) {
  const auto noise = retraining_noise(archive);
  return noise ? noise->deviation : 0;
}

}  // namespace

std::map<std::vector<BackboneGenome>, double> best_late_fusions(const Archive& archive) {
  std::map<std::vector<BackboneGenome>, double> best;
  for (const auto& [id, model] : archive.models())
    if (model.genotype.late != LateFusion::none) {
      const auto entry = best.emplace(model.genome.backbones, model.metric_val).first;
      entry->second = std::max(entry->second, model.metric_val);
    }
  return best;
}

std::string ResultTables::header() const {
  std::vector<std::string> cells = {"id",        "generation",  "metric_val",    "metric_val_se",
                                    "predicted", "metric_test", "metric_test_se"};
  std::ranges::copy(device_columns(devices_.devices()), std::back_inserter(cells));
  for (const auto& quantity : kQuantities) cells.emplace_back(quantity.name);
  std::ranges::copy(size_columns(), std::back_inserter(cells));
  for (const auto& modality : modalities_) cells.push_back("genome." + modality);
  cells.insert(cells.end(), {"cells", "nodes", "genotype", "retrainings", "metric_val_first", "seconds"});
  return csv_row(cells);
}

std::string ResultTables::row(const ScoredModel& model, double deviation, bool with_test, bool with_seconds) const {
  const auto& costs = model.costs.devices;
  std::vector<std::string> cells = {std::to_string(model.id.value),
                                    std::to_string(model.generation),
                                    shortest(model.metric_val),
                                    shortest(metric_val_error(model, deviation, samples_)),
                                    number(model.predicted),
                                    with_test ? number(model.metric_test) : "",
                                    with_test ? number(metric_test_error(model, samples_)) : ""};
  for (const auto& cost : device_cells(costs)) cells.push_back(number(cost));
  for (std::size_t q = 0; q < kQuantities.size(); ++q) cells.push_back(number(devices_.summary(q, costs)));
  std::ranges::copy(size_cells(model.costs.size), std::back_inserter(cells));
  for (const auto& backbone : model.genome.backbones) cells.push_back(to_text(backbone));
  const auto macro = macro_of(model.genotype);
  cells.push_back(std::to_string(macro.cells));
  cells.push_back(std::to_string(macro.nodes));
  cells.push_back(to_text(model.genotype));
  cells.push_back(std::to_string(model.retrained.size()));
  cells.push_back(model.retrained.empty() ? "" : shortest(model.retrained.front()));
  cells.push_back(with_seconds ? fmt::format("{:.3f}", model.seconds) : "");
  return csv_row(cells);
}

std::string ResultTables::candidates_csv(const Archive& archive, bool with_test) const {
  std::vector<CandidateId> all;
  for (const auto& [id, model] : archive.models()) all.push_back(id);
  return header() + candidate_rows(archive, all, with_test);
}

std::string ResultTables::candidate_rows(const Archive& archive, const std::vector<CandidateId>& models,
                                         bool with_test) const {
  const double deviation = deviation_of(archive);
  std::string text;
  for (const auto id : models) text += row(archive.models().at(id), deviation, with_test, true);
  return text;
}

std::string ResultTables::front_csv(const Archive& archive) const {
  const double deviation = deviation_of(archive);
  std::string text = header();
  for (const auto id : archive.front()) text += row(archive.models().at(id), deviation, true, false);
  return text;
}

std::string ResultTables::front_table(const Archive& archive) const {
  std::vector<std::string> header = {"id", "val %", "+/-", "test %", "+/-"};
  const double deviation = deviation_of(archive);
  for (const auto& device : devices_.devices())
    for (const auto& quantity : kQuantities) header.push_back(fmt::format("{} {}", device.name, quantity.unit));
  for (const auto& size : kSizeMeasures) header.emplace_back(size.in_millions);
  header.insert(header.end(), {"cells", "nodes", modalities_.size() == 1 ? "genome" : "operators"});
  const bool alone = modalities_.size() == 1;  // nothing is fused
  const auto late = alone ? std::map<std::vector<BackboneGenome>, double>{} : best_late_fusions(archive);
  if (!late.empty()) header.insert(header.begin() + kBeforeLate, "late %");
  std::vector<const ScoredModel*> models;
  for (const auto id : archive.front()) models.push_back(&archive.models().at(id));
  std::ranges::stable_sort(models, std::ranges::greater{}, &ScoredModel::metric_val);
  std::vector<std::vector<std::string>> rows = {header};
  for (const auto* model : models) {
    const auto operators = operators_of(model->genotype);
    std::vector<std::string> cells = {std::to_string(model->id.value), fixed(model->metric_val, 2),
                                      fixed(metric_val_error(*model, deviation, samples_), 2),
                                      fixed(model->metric_test, 2), fixed(metric_test_error(*model, samples_), 2)};
    for (const auto& cost : model->costs.devices)
      for (std::size_t q = 0; q < kQuantities.size(); ++q) cells.push_back(fixed(cost[q], 2));
    for (const auto& size : kSizeMeasures) cells.push_back(fixed(model->costs.size.*size.value / 1e6, 2));
    const auto macro = macro_of(model->genotype);
    cells.push_back(std::to_string(macro.cells));
    cells.push_back(std::to_string(macro.nodes));
    cells.push_back(alone                                      ? to_text(model->genome.backbones.front())
                    : model->genotype.late == LateFusion::none ? join(operators, " ")
                                                               : to_text(model->genotype));
    if (!late.empty()) {
      const auto found = late.find(model->genome.backbones);
      cells.insert(cells.begin() + kBeforeLate, found == late.end() ? "-" : fmt::format("{:.2f}", found->second));
    }
    rows.push_back(std::move(cells));
  }
  return aligned_table(rows);
}

}  // namespace harmonic
