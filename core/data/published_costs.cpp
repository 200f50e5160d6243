#include "core/data/published_costs.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/hardware/cost_model.hpp"
#include "core/hardware/fusion_operators.hpp"

namespace harmonic {
namespace {

/// Of the published fusion networks.
constexpr int kChannels = 192, kPositions = 16;

/// An operator that the table has a row of.
struct PricedOperator {
  std::string name;
  bool searched = false;
  Cost cost;
};

Cost complete(const Cost& cost, const LookUpTable& lut) {
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    if (!cost[q])
      throw InputError(fmt::format("table {} has no {} in some rows", lut.name(), kQuantities[q].name),
                       "published costs are latency and energy: give a table with both");
  return cost;
}

std::vector<PricedOperator> priced_operators(const LookUpTable& lut) {
  std::vector<PricedOperator> operators;
  for (const auto& row : fusion_operator_table())
    if (const auto key = fusion_key(row.name, kChannels, kPositions); lut.contains(key))
      operators.push_back({row.name, row.searched, complete(lut.at(key), lut)});
  if (operators.empty())
    throw InputError(fmt::format("table {} has no fusion operator, as {}", lut.name(),
                                 fusion_key(searched_operators().front(), kChannels, kPositions)),
                     "join the device's table of them to it");
  return operators;
}

Cost backbones_cost(const PublishedTable& table, const PublishedRow& row, const LookUpTable& lut) {
  Cost sum;
  for (std::size_t m = 0; m < row.backbones.size(); ++m)
    if (const auto& space = find_space(table.modalities[m].space); space.family != BackboneSpace::Family::maxout)
      sum += total(backbone_cost(lut, space, row.backbones[m], table.head_classes));
  return complete(sum, lut);
}

Cost published_cost(const PublishedRow& row) {
  return {row.latency_ms, row.energy_mj};
}

/// Both numbers as printed are whole hundredths, but for rounding.
bool as_printed(double cost, double published) {
  constexpr double kRounding = 1e-6;
  return std::abs(as_published(cost) - published) < kRounding;
}

/// Calls `take` with the sum of every multiset of `count` operators, and how often each of them is in it.
void for_every_multiset(const std::vector<PricedOperator>& operators, int count, const Cost& start,
                        const std::function<void(const Cost&, const std::vector<int>&)>& take) {
  std::vector<int> times(operators.size());
  const std::function<void(std::size_t, int, const Cost&)> go = [&](std::size_t first, int left, const Cost& sum) {
    if (left == 0) {
      take(sum, times);
      return;
    }
    for (std::size_t o = first; o < operators.size(); ++o) {
      ++times[o];
      go(o, left - 1, sum + operators[o].cost);
      --times[o];
    }
  };
  go(0, count, start);
}

PerQuantity<double> deviation_of(const Cost& cost, const Cost& published) {
  PerQuantity<double> deviation{};
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    if (!as_printed(*cost[q], *published[q])) deviation[q] = as_published(*cost[q]) / *published[q] - 1;
  return deviation;
}

std::vector<std::string> names_of(const std::vector<int>& times, const std::vector<PricedOperator>& operators) {
  std::vector<std::string> names;
  for (std::size_t o = 0; o < operators.size(); ++o)
    names.insert(names.end(), static_cast<std::size_t>(times[o]), operators[o].name);
  return names;
}

std::string costs_text(const Cost& cost) {
  std::vector<std::string> words;
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    words.push_back(fmt::format("{:.2f} {}", as_published(*cost[q]), kQuantities[q].unit));
  return join(words, " and ");
}

/// "more than the published 113.99 mJ", of every quantity that is.
std::string excess_text(const Cost& cost, const Cost& published) {
  std::vector<std::string> words;
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    if (as_published(*cost[q]) > *published[q] && !as_printed(*cost[q], *published[q]))
      words.push_back(fmt::format("{:.2f} {}", *published[q], kQuantities[q].unit));
  return words.empty() ? std::string() : "more than the published " + join(words, " and ");
}

/// What is in the way of an exact sum, from the plainest on.
std::string why_none(const PublishedRow& row, const Cost& backbones, const std::vector<PricedOperator>& operators,
                     const PublishedSum& nearest) {
  const Cost published = published_cost(row);
  const int count = row.macro.cells * row.macro.nodes;
  if (const auto excess = excess_text(backbones, published); !excess.empty())
    return fmt::format("the backbones alone cost {}, {}: no operators make it up", costs_text(backbones), excess);
  Cost cheapest, left;
  for (std::size_t q = 0; q < kQuantities.size(); ++q) {
    double least = *operators.front().cost[q];
    for (const auto& op : operators) least = std::min(least, *op.cost[q]);
    cheapest[q] = count * least;
    left[q] = *published[q] - *backbones[q];
  }
  if (!excess_text(backbones + cheapest, published).empty())
    return fmt::format("the backbones leave {} of it for {} operators, the cheapest of which cost {}", costs_text(left),
                       count, costs_text(cheapest));
  std::vector<std::string> words;
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    words.push_back(nearest.deviation[q] == 0
                        ? fmt::format("{} is as published", kQuantities[q].name)
                        : fmt::format("{} is {:.2f} {} {} the published one", kQuantities[q].name,
                                      std::abs(as_published(*nearest.cost[q]) - *published[q]), kQuantities[q].unit,
                                      nearest.deviation[q] < 0 ? "below" : "above"));
  return fmt::format("no {} operators come nearer: {}", count, join(words, ", "));
}

}  // namespace

double PublishedSum::distance() const {
  double largest = 0;
  for (const double one : deviation) largest = std::max(largest, std::abs(one));
  return largest;
}

PublishedCosts explain_costs(const PublishedTable& table, const PublishedRow& row, const LookUpTable& lut) {
  const auto operators = priced_operators(lut);
  const Cost published = published_cost(row);
  PublishedCosts found{backbones_cost(table, row, lut), {}, {}};
  std::vector<PublishedSum> unusual;  // of operators that are not searched by default
  std::optional<PublishedSum> nearest;
  for_every_multiset(operators, row.macro.cells * row.macro.nodes, found.backbones,
                     [&](const Cost& cost, const std::vector<int>& times) {
                       PublishedSum sum{{}, cost, deviation_of(cost, published)};
                       if (nearest && sum.distance() > 0 && sum.distance() >= nearest->distance()) return;
                       sum.operators = names_of(times, operators);
                       if (!nearest || sum.distance() < nearest->distance()) nearest = sum;
                       if (sum.distance() > 0) return;
                       const bool usual = std::ranges::all_of(
                           sum.operators, [](const auto& name) { return find_fusion_operator(name).searched; });
                       (usual ? found.sums : unusual).push_back(std::move(sum));
                     });
  found.sums.insert(found.sums.end(), unusual.begin(), unusual.end());
  if (!found.sums.empty()) return found;
  found.why = why_none(row, found.backbones, operators, *nearest);
  if (!table.cost_oddity.empty()) found.why += "; " + table.cost_oddity;
  found.sums.push_back(std::move(*nearest));
  return found;
}

std::string multiset_text(const std::vector<std::string>& operators) {
  std::vector<std::string> words;
  for (auto first = operators.begin(); first != operators.end();) {
    const auto last = std::find_if(first, operators.end(), [&](const auto& name) { return name != *first; });
    words.push_back(last - first == 1 ? *first : fmt::format("{} x{}", *first, last - first));
    first = last;
  }
  return words.empty() ? "no operator" : join(words, ", ");
}

}  // namespace harmonic
