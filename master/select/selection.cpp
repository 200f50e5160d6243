#include "master/select/selection.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/hardware/model_size.hpp"
#include "core/hardware/quantity.hpp"
#include "core/pareto/knee.hpp"
#include "master/report/objective_columns.hpp"

namespace harmonic {
namespace {

/// A column with the side of it that is better. `sign` times a value is minimised.
struct SelectionColumn {
  std::string name;
  std::size_t index = 0;
  double sign = 1;
};

/// What a model is, and what it costs: metrics, every device's costs, sizes.
bool is_result(std::string_view name) {
  const auto is_cost = [&](const Quantity& q) { return name.starts_with(std::string(q.column) + "."); };
  return name == "metric_val" || name == kTestMetric || std::ranges::any_of(kQuantities, is_cost) ||
         std::ranges::find(kSizeMeasures, name, &SizeMeasure::name) != kSizeMeasures.end();
}

/// @throws InputError that lists the columns to choose by, those of the devices, too
void check_chooses(const CsvTable& front, const std::string& name) {
  if (front.find_column(name) && name != "id") return;
  std::vector<std::string> known;
  for (const auto& column : front.header())
    if (is_result(column) || std::ranges::find(kQuantities, column, &Quantity::name) != kQuantities.end())
      known.push_back(column);
  if (name == "id")
    throw InputError("an id does not tell how good a model is", fmt::format("choose by one of {}", join(known, ", ")));
  throw InputError(fmt::format("{} has no column '{}'", front.name(), name),
                   fmt::format("did you mean '{}'? There are {}", nearest(name, known), join(known, ", ")));
}

SelectionColumn column_of(const CsvTable& front, const std::string& name) {
  check_chooses(front, name);
  return {name, front.column(name), is_own_metric(front, name) ? -1.0 : 1.0};
}

/// @param text "latency_ms.tx2", "cells:max"
SelectionColumn best_column(const CsvTable& front, const std::string& text) {
  for (const auto& [ending, sign] : {std::pair{std::string_view(":max"), -1.0}, {std::string_view(":min"), 1.0}})
    if (text.ends_with(ending)) {
      auto column = column_of(front, text.substr(0, text.size() - ending.size()));
      column.sign = sign;
      return column;
    }
  return column_of(front, text);
}

/// A column must tell something of some model.
void check_told(const CsvTable& front, const SelectionColumn& column) {
  for (std::size_t row = 0; row < front.rows(); ++row)
    if (front.optional_number(row, column.index)) return;
  throw InputError(fmt::format("{} tells {} of no model", front.name(), column.name), "choose by another column");
}

bool is_within(const CsvTable& front, std::size_t row, const Bound& bound) {
  const auto value = front.optional_number(row, front.column(bound.column));
  return value && (bound.is_upper ? *value <= bound.limit : *value >= bound.limit);
}

/// Rows within all bounds, but for one of them.
std::vector<std::size_t> allowed_rows(const CsvTable& front, const std::vector<Bound>& bounds,
                                      const Bound* but = nullptr) {
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < front.rows(); ++row)
    if (std::ranges::all_of(bounds, [&](const Bound& b) { return &b == but || is_within(front, row, b); }))
      rows.push_back(row);
  return rows;
}

std::vector<std::size_t> all_rows(const CsvTable& front) {
  return allowed_rows(front, {});
}

/// The row of `rows` with the least of a column; nothing where it tells of none of them.
std::optional<std::size_t> best_row(const CsvTable& front, const SelectionColumn& column,
                                    const std::vector<std::size_t>& rows) {
  std::optional<std::size_t> best;
  const auto value = [&](std::size_t row) { return column.sign * front.optional_number(row, column.index).value(); };
  for (const std::size_t row : rows)
    if (front.optional_number(row, column.index) && (!best || value(row) < value(*best))) best = row;
  return best;
}

std::string id_of(const CsvTable& front, std::size_t row) {
  return front.cell(row, front.column("id"));
}

/// "latency_ms.tx2 5.43 (model 7)", and what is left of it under the other bounds.
std::string reachable_text(const CsvTable& front, const std::vector<Bound>& bounds, const Bound& bound) {
  const SelectionColumn column{bound.column, front.column(bound.column), bound.is_upper ? 1.0 : -1.0};
  const auto told = [&](std::size_t row) {
    return fmt::format("{:.6g} (model {})", front.number(row, column.index), id_of(front, row));
  };
  const std::size_t alone = best_row(front, column, all_rows(front)).value();
  std::string text = fmt::format("{} {}", bound.column, told(alone));
  if (bounds.size() == 1) return text;
  const auto beside = best_row(front, column, allowed_rows(front, bounds, &bound));
  if (!beside) return text + ", none under the others";
  return beside == alone ? text : fmt::format("{}, under the others {}", text, told(*beside));
}

[[noreturn]] void refuse(const CsvTable& front, const std::vector<Bound>& bounds) {
  std::vector<std::string> asked, reachable;
  for (const auto& bound : bounds) {
    asked.push_back(bound.text());
    reachable.push_back(fmt::format("{} {}", bound.is_upper ? "least" : "most", reachable_text(front, bounds, bound)));
  }
  throw InputError(fmt::format("none of the {} models of {} has {}", front.rows(), front.name(), join(asked, " and ")),
                   fmt::format("ask for no more than is reachable: {}", join(reachable, "; ")));
}

std::vector<SelectionColumn> objectives_of(const CsvTable& front) {
  const auto axes = axes_of_run(front);
  std::vector<SelectionColumn> columns;
  for (const auto& name : axes ? axes->columns : own_columns(front)) columns.push_back(column_of(front, name));
  if (columns.empty())
    throw InputError(fmt::format("{} has no columns of objectives", front.name()),
                     "keep front.csv as the run wrote it");
  return columns;
}

std::vector<Objectives> points_of(const CsvTable& front, const std::vector<SelectionColumn>& columns,
                                  const std::vector<std::size_t>& rows) {
  std::vector<Objectives> points;
  for (const std::size_t row : rows) {
    points.emplace_back();
    for (const auto& column : columns) points.back().push_back(column.sign * front.number(row, column.index));
  }
  return points;
}

}  // namespace

Selection select_model(const CsvTable& front, const SelectionWish& wish) {
  std::vector<SelectionColumn> told;
  const auto add = [&](const SelectionColumn& column) {
    if (std::ranges::find(told, column.name, &SelectionColumn::name) == told.end()) told.push_back(column);
  };
  const auto objectives = objectives_of(front);
  for (const auto& objective : objectives) add(objective);
  const auto best = wish.best.empty() ? std::nullopt : std::optional(best_column(front, wish.best));
  if (best) check_told(front, *best), add(*best);
  for (const auto& bound : wish.bounds) {
    const auto is_same = [&](const Bound& b) { return b.column == bound.column && b.is_upper == bound.is_upper; };
    if (std::ranges::count_if(wish.bounds, is_same) > 1)
      throw InputError(fmt::format("--{} names {} twice", bound.is_upper ? "max" : "min", bound.column),
                       "give one bound of it");
    const auto column = column_of(front, bound.column);
    check_told(front, column);
    add(column);
  }
  for (const auto& name : front.header())
    if (is_result(name)) add(column_of(front, name));

  Selection selection;
  selection.allowed = allowed_rows(front, wish.bounds);
  if (selection.allowed.empty()) refuse(front, wish.bounds);
  const auto points = points_of(front, objectives, selection.allowed);
  const auto distances = ideal_distances(points);
  const auto worth = [&](std::size_t place) {
    const auto value = best ? front.optional_number(selection.allowed[place], best->index) : std::optional(0.0);
    return std::tuple(!value, value ? (best ? best->sign : 1.0) * *value : 0, distances[place]);
  };
  std::size_t chosen = best ? 0 : knee(points);
  for (std::size_t place = 1; best && place < points.size(); ++place)
    if (worth(place) < worth(chosen)) chosen = place;
  selection.row = selection.allowed[chosen];
  selection.model = id_of(front, selection.row);
  if (best && !front.optional_number(selection.row, best->index))
    throw InputError(fmt::format("{} tells {} of no model within the bounds", front.name(), best->name),
                     "choose by another column, or widen the bounds");

  for (const auto& objective : objectives) selection.objectives.push_back(objective.name);
  for (const auto& column : told) {
    const auto value = front.optional_number(selection.row, column.index);
    const auto row = best_row(front, column, all_rows(front));
    if (!value || !row) continue;
    const double least = front.number(*row, column.index);
    const bool is_objective = std::ranges::find(selection.objectives, column.name) != selection.objectives.end();
    selection.given_up.push_back(
        {column.name, is_objective, *value, least, id_of(front, *row), std::abs(*value - least)});
  }
  return selection;
}

}  // namespace harmonic
