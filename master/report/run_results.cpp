#include "master/report/run_results.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"

namespace harmonic {
namespace {

/// The columns that start with `prefix`, and what follows it.
struct ColumnFamily {
  ColumnFamily(const CsvTable& table, std::string_view prefix) {
    for (std::size_t c = 0; c < table.header().size(); ++c)
      if (table.header()[c].starts_with(prefix)) {
        columns.push_back(c);
        names.push_back(table.header()[c].substr(prefix.size()));
      }
  }
  std::vector<std::size_t> columns;
  std::vector<std::string> names;
};

std::vector<ReportedModel> read_models(const CsvTable& table) {
  const ColumnFamily latency(table, "latency_ms.");
  const ColumnFamily energy(table, "energy_mj.");
  const ColumnFamily genome(table, "genome.");
  if (latency.names != energy.names)
    throw InputError(fmt::format("{} has other devices in latency_ms than in energy_mj", table.name()),
                     "keep the columns as the search wrote them");
  const auto column = [&](std::string_view name) { return table.column(name); };
  std::vector<ReportedModel> models(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    ReportedModel& model = models[row];
    model.id = table.cell(row, column("id"));
    model.generation = static_cast<int>(table.number(row, column("generation")));
    model.metric_val = table.number(row, column("metric_val"));
    model.metric_test = table.optional_number(row, column("metric_test"));
    for (const auto c : latency.columns) model.latency_ms.push_back(table.number(row, c));
    for (const auto c : energy.columns) model.energy_mj.push_back(table.optional_number(row, c));
    model.latency = table.number(row, column("latency"));
    model.energy = table.optional_number(row, column("energy"));
    if (const auto c = table.find_column("parameters")) model.parameters = table.optional_number(row, *c);
    if (const auto c = table.find_column("macs")) model.macs = table.optional_number(row, *c);
    for (const auto c : genome.columns) model.genomes.push_back(table.cell(row, c));
    model.cells = table.cell(row, column("cells"));
    model.nodes = table.cell(row, column("nodes"));
    model.genotype = table.cell(row, column("genotype"));
    model.seconds = table.optional_number(row, column("seconds"));
  }
  return models;
}

std::vector<ReportedFailure> read_failures(const std::filesystem::path& path) {
  std::vector<ReportedFailure> failures;
  if (!std::filesystem::exists(path)) return failures;
  const auto table = CsvTable::read(path);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto cell = [&](std::string_view column) { return table.cell(row, table.column(column)); };
    failures.push_back(
        {cell("time"), cell("work"), cell("genome"), cell("rank"), cell("host"), cell("kind"), cell("reason")});
  }
  return failures;
}

}  // namespace

std::string RunResults::setting(std::string_view section, std::string_view key) const {
  const auto found = std::ranges::find(settings, section, &IniSection::name);
  const auto values = found == settings.end() ? std::vector<std::string>() : found->values(key);
  return values.empty() ? std::string() : values.back();
}

bool RunResults::has_energy() const {
  const auto known = [](const ReportedModel& model) {
    return model.energy.has_value() &&
           std::ranges::all_of(model.energy_mj, [](const auto& e) { return e.has_value(); });
  };
  return std::ranges::all_of(candidates, known);
}

RunResults load_run_results(const std::filesystem::path& run_directory) {
  for (const char* file : {"candidates.csv", "front.csv", "config.cfg"})
    if (!std::filesystem::exists(run_directory / file))
      throw InputError(fmt::format("{} has no {}", run_directory.string(), file),
                       "give the run directory of a search that scored models");
  const CsvTable candidates = CsvTable::read(run_directory / "candidates.csv");
  const CsvTable front = CsvTable::read(run_directory / "front.csv");
  if (candidates.header() != front.header())
    throw InputError(fmt::format("{} and {} have other columns", candidates.name(), front.name()),
                     "keep the files as the search wrote them");
  RunResults results;
  results.devices = ColumnFamily(candidates, "latency_ms.").names;
  results.modalities = ColumnFamily(candidates, "genome.").names;
  results.candidates = read_models(candidates);
  results.front = read_models(front);
  results.failures = read_failures(run_directory / "failures.csv");
  std::ranges::stable_sort(results.front, std::ranges::greater{}, &ReportedModel::metric_val);
  const auto config = run_directory / "config.cfg";
  results.settings = parse_ini(read_file(config), config.string());
  return results;
}

}  // namespace harmonic
