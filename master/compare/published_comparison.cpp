#include "master/compare/published_comparison.hpp"

#include <algorithm>
#include <array>

#include "core/pareto/fronts.hpp"

namespace harmonic {
namespace {

PerQuantity<double> costs_of(const PublishedRow& row) {
  return {row.latency_ms, row.energy_mj};
}

/// A cost as the table would print it.
std::optional<double> printed(const ReportedModel& model, std::size_t quantity, std::size_t device) {
  const auto& cost = model.costs[quantity].at(device);
  return cost ? std::optional(as_published(*cost)) : std::nullopt;
}

bool is_dominated_by(const PublishedRow& row, const ReportedModel& model, std::size_t device) {
  Objectives published = {-row.metric}, measured = {-model.metric_test.value()};
  for (std::size_t q = 0; q < kQuantities.size(); ++q) {
    const auto cost = printed(model, q, device);
    if (!cost) return false;
    published.push_back(costs_of(row)[q]);
    measured.push_back(*cost);
  }
  return dominates(measured, published);
}

void keep_better(std::optional<BestAnswer>& best, double value, const ReportedModel& model) {
  if (!best || value > best->value) best = {value, model.id};
}

/// The best over the rows of what `answer` gives of each.
template <class Answer>
std::optional<PublishedComparison::Headline> best_over_rows(const std::vector<PublishedRowComparison>& rows,
                                                            Answer&& answer) {
  std::optional<PublishedComparison::Headline> best;
  for (const auto& row : rows)
    if (const std::optional<BestAnswer>& of_row = answer(row); of_row && (!best || of_row->value > best->answer.value))
      best = {row.row, *of_row};
  return best;
}

}  // namespace

std::vector<int> PublishedComparison::dominated_rows() const {
  std::vector<int> numbers;
  for (const auto& row : rows)
    if (!row.dominating.empty()) numbers.push_back(row.row);
  return numbers;
}

std::optional<PublishedComparison::Headline> PublishedComparison::metric_gain() const {
  return best_over_rows(
      rows, [](const auto& row) -> const auto& { return row.metric_gain; });
}

std::optional<PublishedComparison::Headline> PublishedComparison::saving(std::size_t quantity) const {
  return best_over_rows(
      rows, [quantity](const auto& row) -> const auto& { return row.savings[quantity]; });
}

PublishedComparison against_published(const RunResults& results, std::size_t device, const PublishedTable& table) {
  PublishedComparison comparison;
  for (const auto& published : table.rows) {
    PublishedRowComparison row;
    row.row = published.row;
    for (const auto& model : results.front) {
      if (!model.metric_test) continue;
      comparison.has_test = true;
      const auto latency = printed(model, kLatency, device);
      if (latency && *latency <= published.latency_ms)
        keep_better(row.metric_gain, *model.metric_test - published.metric, model);
      if (is_dominated_by(published, model, device)) row.dominating.push_back(model.id);
      if (*model.metric_test < published.metric) continue;
      for (std::size_t q = 0; q < kQuantities.size(); ++q)
        if (const auto cost = printed(model, q, device); cost && *cost > 0)
          keep_better(row.savings[q], costs_of(published)[q] / *cost, model);
    }
    comparison.rows.push_back(std::move(row));
  }
  return comparison;
}

}  // namespace harmonic
