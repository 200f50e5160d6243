#include "master/models/hypervolume_file.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kReference = "reference.";

std::vector<HypervolumeFile::Row> earlier_rows(const std::filesystem::path& path, const HypervolumeAxes& axes,
                                               int generation) try {
  if (!std::filesystem::exists(path)) return {};
  auto file = HypervolumeFile::read(path);
  if (file.axes != axes) return {};
  std::erase_if(file.rows, [&](const auto& row) { return row.generation >= generation; });
  return file.rows;
} catch (const InputError& e) {
  log::warning("{}: it begins anew", e.problem());
  return {};
}

}  // namespace

HypervolumeAxes::HypervolumeAxes(const ModelPricing& pricing, const Objectives& worst)
    : columns{"metric_val"}, reference{100 - worst.at(0)} {
  const auto costs = pricing.objective_columns();
  for (std::size_t c = 0; c < costs.size(); ++c) {
    columns.push_back(costs[c].name);
    reference.push_back(worst.at(c + 1) * costs[c].unit);
  }
}

std::string HypervolumeAxes::text() const {
  std::vector<std::string> parts;
  for (std::size_t c = 0; c < columns.size(); ++c) parts.push_back(fmt::format("{} {:.6g}", columns[c], reference[c]));
  return join(parts, ", ");
}

HypervolumeFile HypervolumeFile::read(const std::filesystem::path& path) {
  const auto table = CsvTable::read(path);
  HypervolumeFile file{{{}, {}}, {}};
  std::vector<std::size_t> values;
  for (std::size_t c = 0; c < table.header().size(); ++c)
    if (table.header()[c].starts_with(kReference)) {
      file.axes.columns.push_back(table.header()[c].substr(kReference.size()));
      values.push_back(c);
    }
  if (values.empty() || table.rows() == 0)
    throw InputError(fmt::format("{} has no reference", table.name()), "keep the file as the run wrote it");
  for (const auto c : values) file.axes.reference.push_back(table.number(0, c));
  for (std::size_t r = 0; r < table.rows(); ++r)
    file.rows.push_back({static_cast<int>(table.number(r, table.column("generation"))),
                         static_cast<std::size_t>(table.number(r, table.column("models"))),
                         table.number(r, table.column("hypervolume"))});
  return file;
}

void add_hypervolume(const std::filesystem::path& path, const HypervolumeAxes& axes, const HypervolumeFile::Row& row) {
  auto rows = earlier_rows(path, axes, row.generation);
  rows.push_back(row);
  std::vector<std::string> header = {"generation", "models", "hypervolume"};
  for (const auto& column : axes.columns) header.push_back(std::string(kReference) + column);
  std::string text = csv_row(header);
  for (const auto& [generation, models, hypervolume] : rows) {
    std::vector<std::string> cells = {std::to_string(generation), std::to_string(models), shortest(hypervolume)};
    for (const double value : axes.reference) cells.push_back(shortest(value));
    text += csv_row(cells);
  }
  replace_file(path, text);
}

}  // namespace harmonic
