#include "master/reproduce/published_sums.hpp"

#include <array>

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

/// The cells without what they sum to.
std::vector<ReproducedCell> unknown_sums(const PublishedRow& row, const std::string& device, const std::string& note) {
  const std::array published = {row.latency_ms, row.energy_mj};  // in the order of kQuantities
  std::vector<ReproducedCell> cells;
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    cells.push_back({.row = row.row,
                     .quantity = fmt::format("{}{}", kSum, kQuantities[q].name),
                     .device = device,
                     .unit = std::string(kQuantities[q].unit),
                     .published = published[q],
                     .note = note});
  return cells;
}

}  // namespace

bool is_published_device(const LookUpTable& lut, const std::string& device) {
  const std::string& told = lut.provenance().device;
  return told.empty() ? names_published_device(device) || names_published_device(lut.name())
                      : names_published_device(told);
}

std::vector<ReproducedCell> published_sums(const PublishedTable& table, const PublishedRow& row,
                                           const std::string& device, const LookUpTable& lut) {
  if (!is_published_device(lut, device)) {
    auto cells = unknown_sums(row, device,
                              fmt::format("published costs are of a {}; {} is another device, as far as its name and "
                                          "its table tell",
                                          kPublishedDevice, device));
    for (auto& cell : cells) cell.other_device = true;
    return cells;
  }
  try {
    return published_sums(row, device, explain_costs(table, row, lut));
  } catch (const InputError& e) {
    return unknown_sums(row, device, e.problem());
  }
}

std::vector<ReproducedCell> published_sums(const PublishedRow& row, const std::string& device,
                                           const PublishedCosts& costs) {
  auto cells = unknown_sums(row, device, note_of(costs));
  for (std::size_t q = 0; q < cells.size(); ++q) cells[q].values = {{0, {*costs.sums.front().cost[q]}}};
  return cells;
}

}  // namespace harmonic
