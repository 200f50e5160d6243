#include "master/report/objective_columns.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/hardware/quantity.hpp"
#include "master/run/run_paths.hpp"

namespace harmonic {
namespace {

bool is_whole(const CsvTable& table, std::size_t column) {
  for (std::size_t row = 0; row < table.rows(); ++row)
    if (trim(table.cell(row, column)).empty()) return false;
  return true;
}

}  // namespace

bool is_own_metric(const CsvTable& table, std::string_view name) {
  const auto has = [&](std::string_view column) { return table.find_column(column).has_value(); };
  if (has("genome") && has("front")) return name == "metric";
  return has("metric_val") && has("genotype") && name.starts_with("metric_") && !name.ends_with("_se");
}

std::vector<std::string> own_columns(const CsvTable& table) {
  std::vector<std::string> names;
  const auto add = [&](std::string_view name) {
    const auto column = table.find_column(name);
    if (column && is_whole(table, *column)) names.emplace_back(name);
  };
  if (is_own_metric(table, "metric_val")) {
    add("metric_val");
    for (const auto& quantity : kQuantities) add(quantity.name);
  } else if (is_own_metric(table, "metric")) {
    add("metric");
    for (const auto& name : table.header())
      for (const auto& quantity : kQuantities)
        if (name.starts_with(fmt::format("{}.", quantity.column))) add(name);
  }
  return names;
}

std::optional<HypervolumeAxes> axes_of_run(const CsvTable& table) {
  const auto file = RunPaths{std::filesystem::path(table.name()).parent_path()}.hypervolume();
  if (!is_own_metric(table, "metric_val") || !std::filesystem::exists(file)) return std::nullopt;
  return HypervolumeFile::read(file).axes;
}

}  // namespace harmonic
