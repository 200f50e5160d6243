#include "worker/fusion/likely_genotypes.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include <torch/types.h>

#include "core/hardware/fusion_operators.hpp"
#include "worker/fusion/genotype_parse.hpp"

namespace harmonic {
namespace {

/// A choice taken otherwise: a cell's x and y, an operator's x and y, or which operator it is.
struct Change {
  double log_ratio = 0;  ///< of the probabilities, at most 0
  std::size_t cell = 0;
  std::optional<std::size_t> step;  ///< none: the cell's own x and y
  std::optional<std::int64_t> op;   ///< none: x and y
};

/// Every single change, the likeliest first. Steps of operators are those of the mixed network, others the genotype's.
std::vector<Change> changes(const Architecture& logits, const Genotype& best) {
  std::vector<Change> all;
  for (std::size_t c = 0; c < best.cells.size(); ++c) all.push_back({0, c, {}, {}});
  for (std::size_t c = 0; c < best.cells.size(); ++c)
    for (std::size_t s = 0; s < best.cells[c].steps.size(); ++s)
      if (!find_fusion_operator(best.cells[c].steps[s].op).symmetric) all.push_back({0, c, s, {}});
  for (std::size_t c = 0; c < logits.gammas.size(); ++c) {
    const torch::Tensor rows = at::log_softmax(logits.gammas[c].detach().to(torch::kCPU, torch::kFloat64), 1);
    const torch::Tensor strongest = rows.argmax(1);
    for (std::int64_t s = 0; s < rows.size(0); ++s)
      for (std::int64_t o = 0; o < rows.size(1); ++o)
        if (const auto taken = strongest[s].item<std::int64_t>(); o != taken)
          all.push_back({(rows[s][o] - rows[s][taken]).item<double>(), c, static_cast<std::size_t>(s), o});
  }
  std::ranges::stable_sort(all, std::ranges::greater{}, &Change::log_ratio);
  return all;
}

}  // namespace

std::vector<Genotype> likely_genotypes(const Architecture& logits, std::span<const int> modalities,
                                       const std::vector<std::string>& operators, int joined, std::size_t count) {
  const auto all = changes(logits, genotype_of(logits, modalities, operators, joined));
  const auto with = [&](const std::vector<std::size_t>& set) {
    Architecture changed = logits;
    for (const auto i : set) {
      if (!all[i].op) continue;
      auto& gamma = changed.gammas[all[i].cell];
      gamma = gamma.detach().clone();
      auto row = gamma[static_cast<std::int64_t>(*all[i].step)];
      row[*all[i].op] = row.max() + 1;
    }
    Genotype genotype = genotype_of(changed, modalities, operators, joined);
    for (const auto i : set) {
      if (all[i].op) continue;
      auto& cell = genotype.cells[all[i].cell];
      if (!all[i].step) {
        std::swap(cell.first, cell.second);
      } else if (auto& step = cell.steps[*all[i].step]; !find_fusion_operator(step.op).symmetric) {
        std::swap(step.first, step.second);
      }
    }
    return genotype;
  };
  // The likeliest few differ in the likeliest few changes: more of those than are wanted need not be looked at.
  const std::size_t most = std::min(all.size(), count);
  std::vector<std::vector<std::size_t>> sets = {{}};
  for (std::size_t i = 0; i < most; ++i) sets.push_back({i});
  for (std::size_t i = 0; i < most; ++i)
    for (std::size_t j = i + 1; j < most; ++j) sets.push_back({i, j});
  std::ranges::stable_sort(sets, std::ranges::greater{}, [&](const auto& set) {
    double sum = 0;
    for (const auto i : set) sum += all[i].log_ratio;
    return sum;
  });
  std::vector<Genotype> found;
  for (const auto& set : sets) {
    if (found.size() == count) break;
    auto genotype = with(set);
    if (std::ranges::find(found, genotype) == found.end()) found.push_back(std::move(genotype));
  }
  return found;
}

}  // namespace harmonic
