#include "master/sweep/sweep_table.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/pareto/fronts.hpp"
#include "core/storage/append_file.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "master/models/cost_cells.hpp"
#include "master/sweep/row_checksums.hpp"

namespace harmonic {

namespace {

/// @throws InputError naming the line
ScoredBackbones::value_type read_row(const CsvTable& table, std::size_t row, const BackboneSpace& space) {
  const double percent = table.number(row, table.column("metric"));
  if (percent < 0 || percent > 100)
    throw InputError(
        fmt::format("{} line {}: metric is {}, not between 0 and 100", table.name(), table.line(row), percent),
        "mend the line, or remove it to measure the network again");
  try {
    return {canonical(parse_genome(table.cell(row, table.column("genome")), space)), percent};
  } catch (const InputError& e) {
    throw InputError(fmt::format("{} line {}: {}", table.name(), table.line(row), e.what()),
                     "mend the line, or remove it");
  }
}

/// What a line says when it is as it was written, else nothing: no cell of it can be relied on.
std::optional<ScoredBackbones::value_type> read_line(const std::string& header, const std::string& line,
                                                     const BackboneSpace& space,
                                                     const std::set<std::string>& checksums) try {
  const auto table = CsvTable::parse(header + "\n" + line, "");
  const auto checksum = row_checksum(table.cell(0, table.column("genome")), table.cell(0, table.column("metric")));
  if (!checksums.contains(checksum)) return std::nullopt;
  return read_row(table, 0, space);
} catch (const InputError&) {
  return std::nullopt;
}

void warn_of_damage(const std::filesystem::path& csv, const std::vector<std::size_t>& lines) {
  constexpr std::size_t kShown = 10;
  if (lines.empty()) return;
  const auto shown = std::min(lines.size(), kShown);
  log::warning("{}: {} {}{} not as {} has it: what is missing is measured again", csv.string(),
               lines.size() == 1 ? "line" : "lines",
               fmt::join(lines.begin(), lines.begin() + std::ptrdiff_t(shown), ", "),
               lines.size() == 1      ? " is"
               : lines.size() > shown ? fmt::format(" and {} more are", lines.size() - shown)
                                      : " are",
               checksums_file(csv).string());
}

}  // namespace

ScoredBackbones read_sweep(const std::filesystem::path& csv, const BackboneSpace& space) {
  const auto text = read_file(csv);
  ScoredBackbones rows;
  if (!std::filesystem::exists(checksums_file(csv))) {
    log::warning("{} has no {} beside it, as sweeps made before had none: its rows are taken as they are", csv.string(),
                 checksums_file(csv).filename().string());
    const auto table = CsvTable::parse(whole_lines(text), csv.string());
    for (std::size_t row = 0; row < table.rows(); ++row) rows.push_back(read_row(table, row, space));
    return rows;
  }
  const auto checksums = read_checksums(checksums_file(csv));
  const auto lines = split(whole_lines(text), '\n');
  std::vector<std::size_t> damaged;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    if (const auto row = read_line(lines.front(), lines[i], space, checksums))
      rows.push_back(*row);
    else
      damaged.push_back(i + 1);
  }
  warn_of_damage(csv, damaged);
  return rows;
}

SweepTable::SweepTable(std::filesystem::path path, std::vector<BackboneGenome> genomes, const ScoredBackbones& known,
                       const std::function<ModelSize(const BackboneGenome&)>& size,
                       const std::optional<DeviceSet>& devices)
    : path_(std::move(path)), genomes_(std::move(genomes)), metrics_(known.begin(), known.end()), size_(size) {
  std::set<BackboneGenome> held(genomes_.begin(), genomes_.end());
  for (const auto& [genome, metric] : known)
    if (held.insert(genome).second) genomes_.push_back(genome);
  if (!devices) return;
  cost_columns_ = device_columns(devices->devices());
  for (const auto& genome : held) costs_.emplace(genome, device_cells(devices->backbone_costs(0, genome)));
}

std::vector<BackboneGenome> SweepTable::open() const {
  const std::set<BackboneGenome> distinct(genomes_.begin(), genomes_.end());
  std::vector<BackboneGenome> open;
  std::ranges::copy_if(distinct, std::back_inserter(open),
                       [&](const auto& genome) { return !metrics_.contains(genome); });
  return open;
}

std::optional<std::pair<BackboneGenome, double>> SweepTable::best() const {
  std::optional<std::pair<BackboneGenome, double>> best;
  for (const auto& genome : genomes_)
    if (const auto found = metrics_.find(genome); found != metrics_.end() && (!best || found->second > best->second))
      best = *found;
  return best;
}

void SweepTable::append(std::span<const BackboneGenome> genomes, std::span<const double> percents) {
  std::string rows, checksums;
  for (std::size_t i = 0; i < genomes.size(); ++i) {
    metrics_.insert_or_assign(genomes[i], percents[i]);
    rows += row(genomes[i], "");
    checksums += checksum_line(genomes[i]);
  }
  if (!std::exchange(begun_, true)) return write(nullptr);
  append_file(checksums_file(path_), checksums);  // first: a row without one would be measured again
  append_file(path_, rows);
}

std::size_t SweepTable::finish() {
  const auto on_front = front();
  write(&on_front);
  return static_cast<std::size_t>(
      std::ranges::count_if(genomes_, [&](const auto& genome) { return on_front.contains(genome); }));
}

void SweepTable::write(const std::set<BackboneGenome>* front) const {
  std::string checksums;
  for (const auto& [genome, metric] : metrics_) checksums += checksum_line(genome);
  replace_file(checksums_file(path_), checksums);
  replace_file(path_, text(front));
}

std::string SweepTable::checksum_line(const BackboneGenome& genome) const {
  return row_checksum(to_text(genome), shortest(metrics_.at(genome))) + '\n';
}

std::string SweepTable::row(const BackboneGenome& genome, const std::string& front) const {
  std::vector<std::string> cells = {to_text(genome), shortest(metrics_.at(genome))};
  if (const auto costs = costs_.find(genome); costs != costs_.end())
    for (const auto& cost : costs->second) cells.push_back(cost ? shortest(*cost) : "");
  std::ranges::copy(size_cells(size_(genome)), std::back_inserter(cells));
  cells.push_back(front);
  return csv_row(cells);
}

/// @param front none: still open
std::string SweepTable::text(const std::set<BackboneGenome>* front) const {
  std::vector<std::string> header = {"genome", "metric"};
  header.insert(header.end(), cost_columns_.begin(), cost_columns_.end());
  std::ranges::copy(size_columns(), std::back_inserter(header));
  header.emplace_back("front");
  std::string text = csv_row(header);
  for (const auto& genome : genomes_)
    if (metrics_.contains(genome)) text += row(genome, front == nullptr ? "" : front->contains(genome) ? "1" : "0");
  return text;
}

/// Networks that none dominates in metric and costs. A cost that not every network has counts for none.
std::set<BackboneGenome> SweepTable::front() const {
  std::vector<BackboneGenome> genomes;
  std::vector<Objectives> points;
  for (const auto& [genome, metric] : metrics_) {
    genomes.push_back(genome);
    points.push_back({-metric});
  }
  for (std::size_t c = 0; c < cost_columns_.size(); ++c) {
    const auto cost = [&](const auto& genome) { return costs_.at(genome)[c]; };
    if (!std::ranges::all_of(genomes, [&](const auto& genome) { return cost(genome).has_value(); })) continue;
    for (std::size_t i = 0; i < points.size(); ++i) points[i].push_back(*cost(genomes[i]));
  }
  const auto ranks = front_ranks(points);
  std::set<BackboneGenome> first;
  for (std::size_t i = 0; i < ranks.size(); ++i)
    if (ranks[i] == 0) first.insert(genomes[i]);
  return first;
}

}  // namespace harmonic
