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

std::vector<Objectives> read_points(const CsvTable& table) {
  if (table.rows() == 0) throw InputError(fmt::format("{} has no rows", table.name()), "give one point at least");
  std::vector<Objectives> points(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row)
    for (std::size_t column = 0; column < table.header().size(); ++column)
      points[row].push_back(table.number(row, column));
  return points;
}

Objectives read_reference(const std::string& text, const CsvTable& table, const std::vector<Objectives>& points) {
  if (text.empty()) return worst_point(points);
  Objectives reference;
  for (const auto& part : split(text, ',')) reference.push_back(parse_real(part, "a value of --reference"));
  if (reference.size() != table.header().size())
    throw InputError(fmt::format("--reference has {} values, {} has {} columns", reference.size(), table.name(),
                                 table.header().size()),
                     "give one value a column");
  return reference;
}

}  // namespace

ExitCode pareto_command(const Arguments& args) {
  std::string in, reference_text;
  bool json = false;
  OptionSet options("harmonic pareto", "Sorts points into Pareto fronts; every column is minimised.");
  options.add("in", in, "CSV file: a header line, then numbers").required();
  options.add("reference", reference_text,
              "reference point of the hypervolume, one value a column; the worst of every column when empty");
  options.add("json", json, "print one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;

  const CsvTable table = CsvTable::read(in);
  const auto points = read_points(table);
  const Objectives reference = read_reference(reference_text, table, points);
  const auto ranks = front_ranks(points);
  const auto crowding = crowding_distance(points);
  const double volume = hypervolume(points, reference);

  if (json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const double distance : crowding)
      list.push_back(std::isinf(distance) ? nlohmann::ordered_json() : nlohmann::ordered_json(distance));
    std::cout << json_text(nlohmann::ordered_json{
                     {"rank", ranks}, {"crowding", std::move(list)}, {"hypervolume", volume}, {"reference", reference}})
              << '\n';
    return ExitCode::done;
  }
  std::vector<std::vector<std::string>> rows = {table.header()};
  rows[0].insert(rows[0].end(), {"rank", "crowding"});
  for (std::size_t p = 0; p < points.size(); ++p) {
    std::vector<std::string> row;
    for (const double value : points[p]) row.push_back(shortest(value));
    row.push_back(std::to_string(ranks[p]));
    row.push_back(std::isinf(crowding[p]) ? "inf" : fmt::format("{:.6g}", crowding[p]));
    rows.push_back(std::move(row));
  }
  std::cout << aligned_table(rows)
            << fmt::format("\nhypervolume {} below reference ({})\n", shortest(volume), fmt::join(reference, ", "));
  return ExitCode::done;
}

}  // namespace harmonic
