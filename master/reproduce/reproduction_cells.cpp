#include "master/reproduce/reproduction_cells.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/hardware/fusion_operators.hpp"
#include "master/reproduce/published_sums.hpp"

namespace harmonic {
namespace {

using Values = std::map<int, Measurement>;

/// In the order of fusion_operator_table().
std::vector<std::string> sorted_operators(const Genotype& genotype) {
  std::vector<std::string> sorted;
  const auto found = operators_of(genotype);
  for (const auto& row : fusion_operator_table())
    sorted.insert(sorted.end(), static_cast<std::size_t>(std::ranges::count(found, row.name)), row.name);
  return sorted;
}

/// Of the longest cell.
std::size_t nodes_of(const Genotype& genotype) {
  std::size_t most = 0;
  for (const auto& cell : genotype.cells) most = std::max(most, cell.steps.size());
  return most;
}

/// The cells of one row.
class RowCells {
 public:
  RowCells(const Reproduction& reproduction, const ReproducedRow& row, const TestSplit& test)
      : reproduction_(reproduction), row_(row), test_(test) {}

  void add_metrics(const std::vector<std::string>& modalities) {
    for (std::size_t m = 0; m < modalities.size(); ++m) {
      Values values;
      if (const auto metric = reproduction_.unimodal_metric(row_, m)) values[0] = test_measurement(*metric, test_);
      add(fmt::format("{}.{}", kMetric, modalities[m]), "", "%", row_.unimodal.at(m), std::move(values));
    }
    Values values;
    for (const auto& [seed, model] : reproduction_.models(row_))
      if (const auto metric = metric_of(*model)) values[seed] = *metric;
    add(std::string(kMetric), "", "%", row_.published.metric, std::move(values));
    for (const auto& [word, late] : kLateFusions) {
      const auto* model = reproduction_.late_fusion(row_, late);
      if (model == nullptr) continue;
      Values once;
      if (const auto metric = metric_of(*model)) once[0] = *metric;
      add(fmt::format("{}.late-{}", kMetric, word), "", "%", std::nullopt, std::move(once));
    }
  }

  void add_costs(const DeviceSet& devices) {
    const std::array published = {row_.published.latency_ms, row_.published.energy_mj};
    for (std::size_t d = 0; d < devices.devices().size(); ++d)
      for (std::size_t q = 0; q < kQuantities.size(); ++q) {
        const auto& device = devices.devices()[d];
        add(std::string(kQuantities[q].name), device.name, std::string(kQuantities[q].unit), published[q],
            by_seed([&](const ScoredModel& model) {
              const auto& costs = model.costs.devices;
              return d < costs.size() ? costs[d][q] : std::nullopt;
            }));
        cells_.back().other_device = !is_published_device(device.table, device.name);
      }
  }

  void add_fusion() {
    const auto [cells, nodes] = row_.published.macro;
    add(std::string(kCells), "", "", cells,
        by_seed([](const ScoredModel& model) { return static_cast<double>(model.genotype.cells.size()); }));
    add(std::string(kNodes), "", "", nodes,
        by_seed([](const ScoredModel& model) { return static_cast<double>(nodes_of(model.genotype)); }));
    auto values =
        by_seed([](const ScoredModel& model) { return static_cast<double>(operators_of(model.genotype).size()); });
    for (const auto& [seed, model] : reproduction_.models(row_))
      values[seed].words = multiset_text(sorted_operators(model->genotype));
    add(std::string(kOperators), "", "", cells * nodes, std::move(values));
  }

  void add_sizes() {
    for (const auto& size : kSizeMeasures)
      add(std::string(size.name), "", "", std::nullopt,
          by_seed([&](const ScoredModel& model) { return model.costs.size.*size.value; }));
  }

  [[nodiscard]] std::vector<ReproducedCell> take() { return std::move(cells_); }

 private:
  void add(std::string quantity, std::string device, std::string unit, std::optional<double> published, Values values) {
    cells_.push_back({row_.published.row,
                      std::move(quantity),
                      std::move(device),
                      std::move(unit),
                      published,
                      false,
                      std::move(values),
                      {}});
  }
  [[nodiscard]] Values by_seed(const std::function<std::optional<double>(const ScoredModel&)>& of) const {
    Values values;
    for (const auto& [seed, model] : reproduction_.models(row_))
      if (const auto value = of(*model)) values[seed] = {*value};
    return values;
  }
  [[nodiscard]] std::optional<Measurement> metric_of(const ScoredModel& model) const {
    const auto metric = reproduction_.metric(model);
    return metric ? std::optional(test_measurement(*metric, test_, reproduction_.test_interval(model))) : std::nullopt;
  }

  const Reproduction& reproduction_;
  const ReproducedRow& row_;
  const TestSplit& test_;
  std::vector<ReproducedCell> cells_;
};

}  // namespace

Measurement test_measurement(double metric, const TestSplit& test, std::optional<Interval> drawn) {
  if (drawn || test.labels != LabelKind::classification) return {metric, drawn, {}};
  const auto share = share_interval(metric / 100, test.samples);
  return {metric, Interval{100 * share.low, 100 * share.high}, {}};
}

std::vector<ReproducedCell> reproduction_cells(const Reproduction& reproduction, const PublishedTable& table,
                                               const TestSplit& test, const std::vector<std::string>& modalities,
                                               const DeviceSet& devices) {
  std::vector<ReproducedCell> cells;
  for (const auto& row : reproduction.rows()) {
    RowCells of_row(reproduction, row, test);
    of_row.add_metrics(modalities);
    of_row.add_costs(devices);
    of_row.add_fusion();
    of_row.add_sizes();
    auto made = of_row.take();
    for (const auto& device : devices.devices())
      if (is_published_device(device.table, device.name)) {
        const auto sums = published_sums(table, row.published, device.name, device.table);
        made.insert(made.end(), sums.begin(), sums.end());
      }
    cells.insert(cells.end(), made.begin(), made.end());
  }
  return cells;
}

}  // namespace harmonic
