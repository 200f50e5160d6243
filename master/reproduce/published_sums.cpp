#include "master/reproduce/published_sums.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace {

/// "the published cost exactly, with ConcatFC, CatConvMish", "nearest to the published cost with Sum x2 (latency +0.42
/// %, energy +1.27 %): why".
std::string note_of(const PublishedCosts& costs) {
  std::vector<std::string> multisets;
  for (const auto& sum : costs.sums) multisets.push_back(multiset_text(sum.operators));
  if (costs.exact()) return fmt::format("the published cost exactly, with {}", join(multisets, "; or "));
  std::vector<std::string> deviations;
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    deviations.push_back(fmt::format("{} {:+.2f} %", kQuantities[q].name, 100 * costs.sums.front().deviation[q]));
  return fmt::format("nearest to the published cost with {} ({}): {}", multisets.front(), join(deviations, ", "),
                     costs.why);
}

}  // namespace

bool is_published_device(const LookUpTable& lut, const std::string& device) {
  const std::string& told = lut.provenance().device;
  return told.empty() ? names_published_device(device) || names_published_device(lut.name())
                      : names_published_device(told);
}

std::vector<ReproducedCell> published_sums(const PublishedTable& table, const PublishedRow& row,
                                           const std::string& device, const LookUpTable& lut) {
  const std::array published = {row.latency_ms, row.energy_mj};  // in the order of kQuantities
  std::vector<ReproducedCell> cells;
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    cells.push_back({.row = row.row,
                     .quantity = fmt::format("{}{}", kSum, kQuantities[q].name),
                     .device = device,
                     .unit = std::string(kQuantities[q].unit),
                     .published = published[q]});
  const auto fill = [&](const std::string& note, const auto& set) {
    for (std::size_t q = 0; q < cells.size(); ++q) {
      cells[q].note = note;
      set(cells[q], q);
    }
    return cells;
  };
  if (!is_published_device(lut, device))
    return fill(fmt::format("published costs are of a {}; {} is another device, as far as its name and its table tell",
                            kPublishedDevice, device),
                [](ReproducedCell& cell, std::size_t) { cell.other_device = true; });
  try {
    const auto costs = explain_costs(table, row, lut);
    return fill(note_of(costs), [&](ReproducedCell& cell, std::size_t q) {
      cell.values = {{0, {*costs.sums.front().cost[q]}}};
    });
  } catch (const InputError& e) {
    return fill(e.problem(), [](ReproducedCell&, std::size_t) {});
  }
}

}  // namespace harmonic
