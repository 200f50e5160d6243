#include "master/models/prices.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace harmonic {
namespace {

/// [device] the cheapest model there whose metric is no less.
std::vector<std::size_t> own_bests(const std::vector<PricedModel>& models, double metric) {
  std::vector<std::size_t> best;
  for (std::size_t d = 0; d < models.front().costs.size(); ++d) {
    std::optional<std::size_t> found;
    for (std::size_t m = 0; m < models.size(); ++m)
      if (models[m].metric >= metric && (!found || models[m].costs[d] < models[*found].costs[d])) found = m;
    best.push_back(found.value());
  }
  return best;
}

std::vector<double> ratios_to(const PricedModel& model, const std::vector<PricedModel>& models,
                              const std::vector<std::size_t>& own) {
  std::vector<double> ratios;
  for (std::size_t d = 0; d < own.size(); ++d) ratios.push_back(model.costs[d] / models[own[d]].costs[d]);
  return ratios;
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

std::vector<double> usual_levels(const std::vector<PricedModel>& models) {
  std::vector<double> levels;
  if (models.empty()) return levels;
  const double best = std::ranges::max(models, {}, &PricedModel::metric).metric;
  for (const double below : {0.0, 0.5, 1.0, 2.0, 5.0}) levels.push_back(best - below);
  return levels;
}

std::vector<Price> price_list(const std::vector<PricedModel>& models, const std::vector<double>& levels) {
  std::vector<Price> list;
  for (const double level : levels) {
    const auto reaches = [&](const PricedModel& model) { return model.metric >= level; };
    if (!std::ranges::any_of(models, reaches)) continue;
    const auto own = own_bests(models, level);
    std::optional<std::size_t> of_level;  // told as mean
    for (const auto choice : {Price::Choice::mean, Price::Choice::worst}) {
      const auto worth = [&](std::size_t m) {
        const auto ratios = ratios_to(models[m], models, own);
        return std::pair(choice == Price::Choice::mean ? mean_of(ratios) : std::ranges::max(ratios), -models[m].metric);
      };
      std::optional<std::size_t> chosen;
      std::pair<double, double> of_chosen;
      for (std::size_t m = 0; m < models.size(); ++m) {
        if (!reaches(models[m])) continue;
        if (const auto own_worth = worth(m); !chosen || own_worth < of_chosen) chosen = m, of_chosen = own_worth;
      }
      if (chosen == of_level) continue;
      of_level = chosen;
      Price price{choice, level, *chosen, own_bests(models, models[*chosen].metric), {}};
      price.ratios = ratios_to(models[*chosen], models, price.own);
      price.mean = mean_of(price.ratios);
      price.worst = std::ranges::max(price.ratios);
      list.push_back(std::move(price));
    }
  }
  return list;
}

}  // namespace harmonic
