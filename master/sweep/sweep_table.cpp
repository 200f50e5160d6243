#include "master/sweep/sweep_table.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/pareto/fronts.hpp"
#include "core/storage/append_file.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "master/models/cost_cells.hpp"

namespace harmonic {

ScoredBackbones read_sweep(const std::filesystem::path& csv, const BackboneSpace& space) {
  const auto text = read_file(csv);
  const auto table = CsvTable::parse(whole_lines(text), csv.string());
  const auto genome = table.column("genome"), metric = table.column("metric");
  ScoredBackbones rows;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const double percent = table.number(row, metric);
    if (percent < 0 || percent > 100)
      throw InputError(
          fmt::format("{} line {}: metric is {}, not between 0 and 100", table.name(), table.line(row), percent),
          "mend the line, or remove it to measure the network again");
    try {
      rows.emplace_back(canonical(parse_genome(table.cell(row, genome), space)), percent);
    } catch (const InputError& e) {
      throw InputError(fmt::format("{} line {}: {}", table.name(), table.line(row), e.what()),
                       "mend the line, or remove it");
    }
  }
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
  std::string rows;
  for (std::size_t i = 0; i < genomes.size(); ++i) {
    metrics_.insert_or_assign(genomes[i], percents[i]);
    rows += row(genomes[i], "");
  }
  if (!std::exchange(begun_, true)) return replace_file(path_, text(nullptr));
  append_file(path_, rows);
}

std::size_t SweepTable::finish() {
  const auto on_front = front();
  replace_file(path_, text(&on_front));
  return on_front.size();
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
