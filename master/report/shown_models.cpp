#include "master/report/shown_models.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

namespace harmonic {

std::string ShownModels::note() const {
  if (dominated.size() == all_dominated) return {};
  return fmt::format(
      "Of the {} models that others dominate {} are drawn here: one in {} as they were scored, and the least and "
      "the most of every column. The front is whole; candidates.csv has all.",
      all_dominated, dominated.size(), every);
}

ShownModels choose_shown(const RunResults& results, const std::vector<ModelColumn>& columns, std::size_t most) {
  ShownModels shown;
  std::set<std::string_view> on_front;
  for (const auto& model : results.front) {
    shown.front.push_back(&model);
    on_front.insert(model.id);
  }
  std::vector<const ReportedModel*> dominated;
  for (const auto& model : results.candidates)
    if (!on_front.contains(model.id)) dominated.push_back(&model);
  shown.all_dominated = dominated.size();
  if (dominated.size() <= most) {
    shown.dominated = std::move(dominated);
    return shown;
  }
  shown.every = (dominated.size() + most - 1) / most;
  std::set<const ReportedModel*> extremes;
  for (const auto& column : columns) {
    std::vector<const ReportedModel*> known;
    std::ranges::copy_if(dominated, std::back_inserter(known),
                         [&](const auto* model) { return column.value(*model).has_value(); });
    if (known.empty()) continue;
    const auto [least, largest] =
        std::ranges::minmax_element(known, {}, [&](const auto* model) { return *column.value(*model); });
    extremes.insert({*least, *largest});
  }
  for (std::size_t i = 0; i < dominated.size(); ++i)
    if (i % shown.every == 0 || extremes.contains(dominated[i])) shown.dominated.push_back(dominated[i]);
  return shown;
}

}  // namespace harmonic
