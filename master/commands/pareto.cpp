#include <algorithm>
#include <cmath>
#include <iostream>
#include <iterator>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "core/pareto/crowding.hpp"
#include "core/pareto/fronts.hpp"
#include "core/pareto/hypervolume.hpp"
#include "core/storage/csv.hpp"
#include "core/storage/json_text.hpp"
#include "master/commands/commands.hpp"
#include "master/report/objective_columns.hpp"

namespace harmonic {
namespace {

/// A column that counts. Points hold what is minimised: `sign` times its value.
struct Axis {
  std::size_t column = 0;
  double sign = 1;
};

/// What a point is, and where that was taken from.
struct Axes {
  std::vector<Axis> axes;
  bool asked = true;                         ///< the user named the columns
  std::optional<Objectives> reference = {};  ///< of the run that wrote the table, as the table has it
};

/// Several values of an option, each of which may list some.
std::vector<std::string> listed(const std::vector<std::string>& values) {
  std::vector<std::string> names;
  for (const auto& value : values) std::ranges::copy(split(value, ','), std::back_inserter(names));
  return names;
}

/// Tables of a run that hold no set of points. @throws InputError
void check_points(const CsvTable& table) {
  const auto has = [&](std::string_view column) { return table.find_column(column).has_value(); };
  const bool course = has("generation") && has("hypervolume"), reproduced = has("quantity") && has("measured");
  if (course || reproduced)
    throw InputError(fmt::format("{} {}: its rows are no points to compare", table.name(),
                                 course ? "tells the hypervolume of each generation"
                                        : "tells what was measured of rows of a published table"),
                     "give the front.csv or candidates.csv beside it, or name columns that count with --columns");
}

/// @param columns as the user lists them, "metric_val:max" among them; empty: those of the run that wrote the table, or
///   of what this program writes, or all of them
Axes read_axes(const std::vector<std::string>& columns, const std::vector<std::string>& maximised,
               const CsvTable& table) {
  constexpr std::string_view kMaximised = ":max";
  const auto run = axes_of_run(table);
  std::vector<std::string> names = columns;
  if (names.empty() && run) names = run->columns;
  if (names.empty()) names = own_columns(table);
  if (names.empty()) check_points(table);
  Axes found{{}, !columns.empty() || !names.empty()};
  if (names.empty()) names = table.header();
  std::vector<std::string> plain;
  for (auto name : names) {
    const bool asked = !columns.empty() && name.ends_with(kMaximised);
    if (asked) name.resize(name.size() - kMaximised.size());
    if (std::ranges::find(plain, name) != plain.end())
      throw InputError(fmt::format("--columns lists '{}' twice", name), "name every column once");
    const bool most = asked || is_own_metric(table, name) || std::ranges::find(maximised, name) != maximised.end();
    found.axes.push_back({table.column(name), most ? -1.0 : 1.0});
    plain.push_back(name);
  }
  for (const auto& name : maximised) {
    (void)table.column(name);
    if (std::ranges::find(plain, name) == plain.end())
      throw InputError(
          fmt::format("--maximise names '{}', which is none of the columns that count: {}", name, join(plain, ", ")),
          fmt::format("add it to them: --columns {},{}", join(plain, ","), name));
  }
  if (!run) return found;
  Objectives reference;
  for (const auto& name : plain) {
    const auto at = std::ranges::find(run->columns, name);
    if (at == run->columns.end()) return found;
    reference.push_back(run->reference[static_cast<std::size_t>(at - run->columns.begin())]);
  }
  found.reference = std::move(reference);
  return found;
}

/// Columns whose every cell is a number, as an example of what to ask for.
std::string numeric_columns(const CsvTable& table) {
  std::vector<std::string> names;
  for (std::size_t c = 0; c < table.header().size(); ++c) try {
      for (std::size_t row = 0; row < table.rows(); ++row) (void)table.number(row, c);
      names.push_back(table.header()[c]);
    } catch (const InputError&) {  // none of them
    }
  return names.empty() ? std::string("…") : join(names, ",");
}

std::vector<Objectives> read_points(const CsvTable& table, const Axes& axes) {
  if (table.rows() == 0) throw InputError(fmt::format("{} has no rows", table.name()), "give one point at least");
  std::vector<Objectives> points(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row)
    for (const auto& axis : axes.axes) try {
        points[row].push_back(axis.sign * table.number(row, axis.column));
      } catch (const InputError& e) {
        throw InputError(e.problem(), axes.asked
                                          ? "give a number, or leave the column out of --columns, or the row out"
                                          : fmt::format("give a number, or name the columns that count: --columns {}",
                                                        numeric_columns(table)));
      }
  return points;
}

/// A point's values as the table has them, and back.
Objectives turned(Objectives values, const std::vector<Axis>& axes) {
  for (std::size_t a = 0; a < axes.size(); ++a)
    if (axes[a].sign < 0) values[a] = 0 - values[a];  // no -0
  return values;
}

Objectives read_reference(const std::string& text, const Axes& axes, const std::vector<Objectives>& points) {
  if (text.empty()) return axes.reference ? turned(*axes.reference, axes.axes) : worst_point(points);
  Objectives reference;
  for (const auto& part : split(text, ',')) reference.push_back(parse_real(part, "a value of --reference"));
  if (reference.size() != axes.axes.size())
    throw InputError(fmt::format("--reference has {} values for {} columns", reference.size(), axes.axes.size()),
                     "give one value a column");
  return turned(reference, axes.axes);
}

std::string_view origin_of(const std::string& text, const Axes& axes) {
  return !text.empty() ? "given" : axes.reference ? "the run's" : "the worst of every column";
}

}  // namespace

ExitCode pareto_command(const Arguments& args) {
  std::string in, reference_text;
  std::vector<std::string> columns, maximise;
  bool json = false;
  OptionSet options(
      "harmonic pareto",
      "Sorts points into Pareto fronts. Of candidates.csv and front.csv of a run, and of a sweep's CSV, it "
      "knows what counts; of any other table every column does, and is minimised.");
  options.add("in", in, "CSV file: a header line, then numbers in the columns that count").required();
  options.add("columns", columns,
              "columns that count, separated by commas: each is minimised, or maximised where it ends in :max, as in "
              "error,speed:max; metrics of a run's CSVs are maximised anyway");
  options.add("maximise", maximise, "columns of these that are maximised, separated by commas");
  options.add("reference", reference_text,
              "reference point of the hypervolume, one value a column; when empty the run's own beside its CSVs "
              "(hypervolume.csv), else the worst of every column");
  options.add("json", json, "print one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;

  const CsvTable table = CsvTable::read(in);
  const Axes chosen = read_axes(listed(columns), listed(maximise), table);
  const auto& axes = chosen.axes;
  const auto points = read_points(table, chosen);
  const Objectives reference = read_reference(reference_text, chosen, points);
  const auto ranks = front_ranks(points);
  const auto crowding = crowding_distance(points);
  const double volume = hypervolume(points, reference);
  std::vector<std::string> names;
  for (const auto& axis : axes) names.push_back(table.header()[axis.column]);

  if (json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const double distance : crowding)
      list.push_back(std::isinf(distance) ? nlohmann::ordered_json() : nlohmann::ordered_json(distance));
    auto maximised = nlohmann::ordered_json::array();
    for (std::size_t a = 0; a < axes.size(); ++a)
      if (axes[a].sign < 0) maximised.push_back(names[a]);
    std::cout << json_text(nlohmann::ordered_json{{"rank", ranks},
                                                  {"crowding", std::move(list)},
                                                  {"hypervolume", volume},
                                                  {"columns", names},
                                                  {"maximised", std::move(maximised)},
                                                  {"reference", turned(reference, axes)}})
              << '\n';
    return ExitCode::done;
  }
  std::vector<std::vector<std::string>> rows(1);
  // A run's models are known by their id.
  const auto id = is_own_metric(table, "metric_val") ? table.find_column("id") : std::nullopt;
  if (id) rows[0].emplace_back("id");
  rows[0].insert(rows[0].end(), names.begin(), names.end());
  rows[0].insert(rows[0].end(), {"rank", "crowding"});
  for (std::size_t p = 0; p < points.size(); ++p) {
    std::vector<std::string> row;
    if (id) row.push_back(table.cell(p, *id));
    for (const double value : turned(points[p], axes)) row.push_back(shortest(value));
    row.push_back(std::to_string(ranks[p]));
    row.push_back(std::isinf(crowding[p]) ? "inf" : fmt::format("{:.6g}", crowding[p]));
    rows.push_back(std::move(row));
  }
  std::vector<std::string> senses;
  for (std::size_t a = 0; a < axes.size(); ++a)
    senses.push_back(fmt::format("{} {}", names[a], axes[a].sign < 0 ? "maximised" : "minimised"));
  std::cout << fmt::format("{}\n{}\nhypervolume {} below reference ({}), {}\n", aligned_table(rows), join(senses, ", "),
                           shortest(volume), fmt::join(turned(reference, axes), ", "),
                           origin_of(reference_text, chosen));
  return ExitCode::done;
}

}  // namespace harmonic
