#include <cmath>
#include <iostream>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "core/pareto/crowding.hpp"
#include "core/pareto/fronts.hpp"
#include "core/pareto/hypervolume.hpp"
#include "core/storage/csv.hpp"
#include "core/storage/json_text.hpp"
#include "master/commands/commands.hpp"

namespace harmonic {
namespace {

/// A column that counts. Points hold what is minimised: `sign` times its value.
struct Axis {
  std::size_t column = 0;
  double sign = 1;
};

/// @param text "metric_val:max,latency"; empty: every column, minimised
std::vector<Axis> read_axes(const std::string& text, const CsvTable& table) {
  constexpr std::string_view kMaximised = ":max";
  std::vector<Axis> axes;
  for (auto name : text.empty() ? table.header() : split(text, ',')) {
    const bool maximised = !text.empty() && name.ends_with(kMaximised);
    if (maximised) name.resize(name.size() - kMaximised.size());
    axes.push_back({table.column(name), maximised ? -1.0 : 1.0});
  }
  return axes;
}

/// A cell of a column that nobody asked for is perhaps no number because the column is not meant.
double read_value(const CsvTable& table, std::size_t row, std::size_t column, bool asked) try {
  return table.number(row, column);
} catch (const InputError& e) {
  if (asked) throw;
  throw InputError(e.problem(), "give a number, or name the columns that count: --columns metric_val:max,latency, say");
}

std::vector<Objectives> read_points(const CsvTable& table, const std::vector<Axis>& axes, bool asked) {
  if (table.rows() == 0) throw InputError(fmt::format("{} has no rows", table.name()), "give one point at least");
  std::vector<Objectives> points(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row)
    for (const auto& axis : axes) points[row].push_back(axis.sign * read_value(table, row, axis.column, asked));
  return points;
}

/// A point's values as the table has them, and back.
Objectives turned(Objectives values, const std::vector<Axis>& axes) {
  for (std::size_t a = 0; a < axes.size(); ++a) values[a] *= axes[a].sign;
  return values;
}

Objectives read_reference(const std::string& text, const std::vector<Axis>& axes,
                          const std::vector<Objectives>& points) {
  if (text.empty()) return worst_point(points);
  Objectives reference;
  for (const auto& part : split(text, ',')) reference.push_back(parse_real(part, "a value of --reference"));
  if (reference.size() != axes.size())
    throw InputError(fmt::format("--reference has {} values for {} columns", reference.size(), axes.size()),
                     "give one value a column");
  return turned(reference, axes);
}

}  // namespace

ExitCode pareto_command(const Arguments& args) {
  std::string in, columns, reference_text;
  bool json = false;
  OptionSet options("harmonic pareto", "Sorts points into Pareto fronts.");
  options.add("in", in, "CSV file: a header line, then numbers in the columns that count").required();
  options.add("columns", columns,
              "columns that count, separated by commas: each is minimised, or maximised where it ends in :max, as in "
              "metric_val:max,latency for a run's candidates.csv; all when empty");
  options.add("reference", reference_text,
              "reference point of the hypervolume, one value a column; the worst of every column when empty");
  options.add("json", json, "print one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;

  const CsvTable table = CsvTable::read(in);
  const auto axes = read_axes(columns, table);
  const auto points = read_points(table, axes, !columns.empty());
  const Objectives reference = read_reference(reference_text, axes, points);
  const auto ranks = front_ranks(points);
  const auto crowding = crowding_distance(points);
  const double volume = hypervolume(points, reference);

  if (json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const double distance : crowding)
      list.push_back(std::isinf(distance) ? nlohmann::ordered_json() : nlohmann::ordered_json(distance));
    std::cout << json_text(nlohmann::ordered_json{{"rank", ranks},
                                                  {"crowding", std::move(list)},
                                                  {"hypervolume", volume},
                                                  {"reference", turned(reference, axes)}})
              << '\n';
    return ExitCode::done;
  }
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& axis : axes) rows[0].push_back(table.header()[axis.column]);
  rows[0].insert(rows[0].end(), {"rank", "crowding"});
  for (std::size_t p = 0; p < points.size(); ++p) {
    std::vector<std::string> row;
    for (const double value : turned(points[p], axes)) row.push_back(shortest(value));
    row.push_back(std::to_string(ranks[p]));
    row.push_back(std::isinf(crowding[p]) ? "inf" : fmt::format("{:.6g}", crowding[p]));
    rows.push_back(std::move(row));
  }
  std::cout << aligned_table(rows)
            << fmt::format("\nhypervolume {} below reference ({})\n", shortest(volume),
                           fmt::join(turned(reference, axes), ", "));
  return ExitCode::done;
}

}  // namespace harmonic
