#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace harmonic {

/// What a model is worth and what it costs, one quantity on every device.
struct PricedModel {
  std::string id;
  double metric = 0;          ///< higher is better
  std::vector<double> costs;  ///< [device] above 0
};

/// One model for all devices, beside what each device could have for itself at no less metric.
struct Price {
  enum class Choice { mean, worst };
  Choice choice = Choice::mean;  ///< whether its ratios are the least on average, or at worst
  double level = 0;              ///< metric that was asked for
  std::size_t model = 0;         ///< index
  std::vector<std::size_t> own;  ///< [device] its own best: the cheapest there whose metric is no less than the model's
  std::vector<double> ratios;    ///< [device] the model's cost over its own best's, 1 or more
  double mean = 1, worst = 1;    ///< of the ratios
};

/// A price list: for every level of the metric the model whose ratios over the devices' own bests at that level are the
/// least on average, and the one where they are the least at worst; the higher metric, then the first of equal ones.
/// What stands for both is told once, as mean.
/// @param levels that the metric is to reach; one that no model does is left out
/// O(levels * models * devices). Source of both cases: arXiv 2008.08178.
[[nodiscard]] std::vector<Price> price_list(const std::vector<PricedModel>& models, const std::vector<double>& levels);

/// The best metric, and what lies 0.5, 1, 2 and 5 below.
[[nodiscard]] std::vector<double> usual_levels(const std::vector<PricedModel>& models);

}  // namespace harmonic
