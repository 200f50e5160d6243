#include "master/report/model_text.hpp"

#include <vector>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace harmonic {

std::string optional_text(const std::optional<double>& value, int decimals, const char* unit) {
  return value ? fmt::format("{:.{}f}{}", *value, decimals, unit) : std::string("–");
}

std::string percent_text(const std::optional<double>& percent, const std::optional<double>& standard_error) {
  return optional_text(percent, 2) + (standard_error ? fmt::format(" ± {:.2f}", *standard_error) : "");
}

std::string cost_text(const std::optional<double>& value) {
  return optional_text(value, 3);
}

std::string millions(const std::optional<double>& value) {
  return value ? fmt::format("{:.2f}", *value / 1e6) : "–";
}

std::string model_tooltip(const ReportedModel& model, const RunResults& results) {
  std::string text =
      fmt::format("model {} (generation {})\nvalidation {:.2f} %", model.id, model.generation, model.metric_val);
  if (model.metric_test) text += fmt::format(", test {:.2f} %", *model.metric_test);
  for (std::size_t d = 0; d < results.devices.size(); ++d) {
    std::vector<std::string> costs;
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      costs.push_back(fmt::format("{} {}", cost_text(model.costs[q][d]), kQuantities[q].unit));
    text += fmt::format("\n{}: {}", results.devices[d], join(costs, ", "));
  }
  std::vector<std::string> sizes;
  for (std::size_t s = 0; s < kSizeMeasures.size(); ++s)
    sizes.push_back(fmt::format("{} {}", millions(model.sizes[s]), kSizeMeasures[s].in_millions));
  text += fmt::format("\n{}", join(sizes, ", "));
  text += model.is_late_fusion() ? fmt::format("\n{}", model.genotype)
                                 : fmt::format("\n{} cells x {} nodes: {}", model.cells, model.nodes, model.genotype);
  for (std::size_t m = 0; m < results.modalities.size(); ++m)
    text += fmt::format("\n{}: {}", results.modalities[m], model.genomes[m]);
  return text;
}

}  // namespace harmonic
