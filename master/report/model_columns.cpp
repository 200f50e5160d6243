#include "master/report/model_columns.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace harmonic {
namespace {

using Better = ModelColumn::Better;

std::optional<double> whole_number(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::vector<ModelColumn> model_columns(const RunResults& results) {
  std::vector<ModelColumn> columns;
  const auto add = [&](std::string name, std::string label, Better better, auto value) {
    if (std::ranges::any_of(results.candidates, [&](const auto& model) { return value(model).has_value(); }))
      columns.push_back({std::move(name), std::move(label), better, value});
  };
  using Model = ReportedModel;
  add("metric_val", "validation metric (%)", Better::higher,
      [](const Model& m) { return std::optional(m.metric_val); });
  for (std::size_t d = 0; d < results.devices.size(); ++d)
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      add(fmt::format("{}.{}", kQuantities[q].column, results.devices[d]),
          fmt::format("{} on {} ({})", kQuantities[q].name, results.devices[d], kQuantities[q].unit), Better::lower,
          [q, d](const Model& m) { return m.costs[q][d]; });
  if (results.devices.size() > 1)
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      add(std::string(kQuantities[q].name),
          fmt::format("{} over the devices (multiples of the smallest network's)", kQuantities[q].name), Better::lower,
          [q](const Model& m) { return m.aggregates[q]; });
  for (std::size_t s = 0; s < kSizeMeasures.size(); ++s)
    add(std::string(kSizeMeasures[s].name), std::string(kSizeMeasures[s].in_millions), Better::lower,
        [s](const Model& m) { return m.sizes[s] ? std::optional(*m.sizes[s] / 1e6) : std::nullopt; });
  add("metric_test", "test metric (%)", Better::higher, [](const Model& m) { return m.metric_test; });
  add("metric_val_se", "standard error of the validation metric (points)", Better::lower,
      [](const Model& m) { return m.metric_val_se; });
  add("metric_val_first", "validation metric of the first retraining (%)", Better::higher,
      [](const Model& m) { return m.metric_val_first; });
  add("predicted", "validation metric as predicted (%)", Better::higher, [](const Model& m) { return m.predicted; });
  add("cells", "cells of the fusion", Better::neither, [](const Model& m) { return whole_number(m.cells); });
  add("nodes", "nodes of its longest cell", Better::neither, [](const Model& m) { return whole_number(m.nodes); });
  add("generation", "generation", Better::neither, [](const Model& m) { return std::optional<double>(m.generation); });
  add("retrainings", "retrainings", Better::neither, [](const Model& m) { return m.retrainings; });
  add("seconds", "work (s)", Better::neither, [](const Model& m) { return m.seconds; });
  return columns;
}

}  // namespace harmonic
