#include "master/report/run_results.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/storage/append_file.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "core/work/work.hpp"
#include "master/run/journal.hpp"
#include "master/run/run_folder.hpp"
#include "master/run/run_paths.hpp"

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

std::string device_prefix(const Quantity& quantity) {
  return std::string(quantity.column) + ".";
}

std::vector<ReportedModel> read_models(const CsvTable& table) {
  std::vector<ColumnFamily> costs;
  for (const auto& quantity : kQuantities) {
    costs.emplace_back(table, device_prefix(quantity));
    if (costs.back().names != costs.front().names)
      throw InputError(fmt::format("{} has other devices in {} than in {}", table.name(), quantity.column,
                                   kQuantities.front().column),
                       "keep the columns as the search wrote them");
  }
  const ColumnFamily genome(table, "genome.");
  const auto column = [&](std::string_view name) { return table.column(name); };
  std::vector<ReportedModel> models(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    ReportedModel& model = models[row];
    model.id = table.cell(row, column("id"));
    model.generation = static_cast<int>(table.number(row, column("generation")));
    model.metric_val = table.number(row, column("metric_val"));
    model.metric_test = table.optional_number(row, column("metric_test"));
    const auto where_there = [&](std::string_view name) {
      const auto c = table.find_column(name);
      return c ? table.optional_number(row, *c) : std::nullopt;
    };
    model.metric_val_se = where_there("metric_val_se");
    model.metric_test_se = where_there("metric_test_se");
    model.metric_val_first = where_there("metric_val_first");
    model.predicted = where_there("predicted");
    model.retrainings = where_there("retrainings");
    for (std::size_t q = 0; q < kQuantities.size(); ++q) {
      for (const auto c : costs[q].columns) model.costs[q].push_back(table.optional_number(row, c));
      model.aggregates[q] = table.optional_number(row, column(kQuantities[q].name));
    }
    for (std::size_t s = 0; s < kSizeMeasures.size(); ++s) model.sizes[s] = where_there(kSizeMeasures[s].name);
    for (const auto c : genome.columns) model.genomes.push_back(table.cell(row, c));
    model.cells = table.cell(row, column("cells"));
    model.nodes = table.cell(row, column("nodes"));
    model.genotype = table.cell(row, column("genotype"));
    model.seconds = table.optional_number(row, column("seconds"));
  }
  return models;
}

/// A run that goes on may be writing its last row.
CsvTable read_candidates(const RunPaths& paths) {
  const auto file = paths.candidates();
  if (!is_running(paths)) return CsvTable::read(file);
  const std::string text = read_file(file);
  return CsvTable::parse(whole_lines(text), file.string());
}

/// What cannot be read of it is missing in the report, which is of the results.
std::vector<ReportedFailure> read_failures(const std::filesystem::path& path) try {
  std::vector<ReportedFailure> failures;
  if (!std::filesystem::exists(path) || std::filesystem::file_size(path) == 0) return failures;
  const auto table = CsvTable::read(path);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto cell = [&](std::string_view column) { return table.cell(row, table.column(column)); };
    failures.push_back(
        {cell("time"), cell("work"), cell("genome"), cell("rank"), cell("host"), cell("kind"), cell("reason")});
  }
  return failures;
} catch (const InputError& e) {
  log::warning("the report lacks what failed: {}", e.what());
  return {};
}

/// Likewise.
std::vector<LostWorker> read_lost_workers(const std::filesystem::path& status) try {
  return harmonic::lost_workers(status);
} catch (const InputError&) {
  log::warning("the report lacks the workers that were lost: {} is not what a run writes", status.string());
  return {};
}

/// Likewise.
std::optional<HypervolumeFile> read_hypervolumes(const std::filesystem::path& path) try {
  return std::filesystem::exists(path) ? std::optional(HypervolumeFile::read(path)) : std::nullopt;
} catch (const InputError& e) {
  log::warning("the report lacks the hypervolumes: {}", e.what());
  return std::nullopt;
}

/// Likewise.
std::vector<TimelineRow> read_times(const std::filesystem::path& path) try {
  return read_timeline(path);
} catch (const InputError& e) {
  log::warning("the report lacks what workers did: {}", e.what());
  return {};
}

/// Likewise, without a word: older runs do not tell.
Conditions read_inputs(const std::filesystem::path& path) try {
  return std::filesystem::exists(path) ? read_conditions(path).value_or(Conditions{}) : Conditions{};
} catch (const InputError&) {
  return {};
}

}  // namespace

bool ReportedFailure::for_good() const {
  const auto kinds = {FailureKind::worker, FailureKind::candidate, FailureKind::input};
  return std::ranges::any_of(kinds, [this](FailureKind of_work) { return kind == to_text(of_work); });
}

std::string RunResults::setting(std::string_view section, std::string_view key) const {
  const auto found = std::ranges::find(settings, section, &IniSection::name);
  const auto values = found == settings.end() ? std::vector<std::string>() : found->values(key);
  return values.empty() ? std::string() : values.back();
}

std::optional<double> RunResults::value(const Objective& objective, const ReportedModel& model) {
  if (const auto* quantity = std::get_if<std::size_t>(&objective)) return model.aggregates.at(*quantity);
  const auto* measure = std::ranges::find(kSizeMeasures, std::get<double ModelSize::*>(objective), &SizeMeasure::value);
  return model.sizes.at(static_cast<std::size_t>(measure - kSizeMeasures.begin()));
}

std::vector<Objective> RunResults::objectives() const {
  std::vector<Objective> chosen;
  const std::string words = setting("hardware", "objective");
  if (words.empty()) chosen = device_objectives();  // a run before there was a choice
  for (const auto& word : words.empty() ? std::vector<std::string>() : split(words, ','))
    chosen.push_back(value_of(objective_choices(), word, "objective in the run's config.cfg"));
  std::erase_if(chosen, [&](const Objective& objective) {
    return !std::ranges::all_of(candidates, [&](const auto& model) { return value(objective, model).has_value(); });
  });
  return chosen;
}

std::optional<double> RunResults::late_fusion(const ReportedModel& model) const {
  std::optional<double> best;
  for (const auto& other : candidates)
    if (other.is_late_fusion() && other.genomes == model.genomes) best = std::max(best.value_or(0), other.metric_val);
  return best;
}

RunResults load_run_results(const std::filesystem::path& run_directory) {
  const auto paths = run_in(run_directory.string());
  check_scores_models(paths);
  for (const char* file : {"candidates.csv", "front.csv"})
    if (!std::filesystem::exists(run_directory / file))
      throw InputError(fmt::format("{} has no {}", run_directory.string(), file),
                       "give the run directory of a search that scored models");
  const CsvTable candidates = read_candidates(paths);
  const CsvTable front = CsvTable::read(run_directory / "front.csv");
  if (candidates.header() != front.header())
    throw InputError(fmt::format("{} and {} have other columns", candidates.name(), front.name()),
                     "keep the files as the search wrote them");
  RunResults results;
  results.devices = ColumnFamily(candidates, device_prefix(kQuantities.front())).names;
  results.modalities = ColumnFamily(candidates, "genome.").names;
  results.candidates = read_models(candidates);
  results.front = read_models(front);
  results.failures = read_failures(run_directory / "failures.csv");
  results.hypervolumes = read_hypervolumes(run_directory / "hypervolume.csv");
  results.lost = read_lost_workers(run_directory / "status.json");
  results.timeline = read_times(paths.timeline());
  results.inputs = read_inputs(paths.inputs());
  results.begun_by = Journal::program(paths.journal());
  std::ranges::stable_sort(results.front, std::ranges::greater{}, &ReportedModel::metric_val);
  const auto config = run_directory / "config.cfg";
  results.settings = parse_ini(read_file(config), config.string());
  if (const auto word = results.setting("run", "protocol"); !word.empty())
    results.protocol = value_of(kProtocols, word, fmt::format("protocol in {}", config.string()));
  return results;
}

}  // namespace harmonic
