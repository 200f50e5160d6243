#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/space_config.hpp"
#include "core/hardware/multi_device.hpp"
#include "core/pareto/fronts.hpp"
#include "core/space/prefix_groups.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/output_file.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/commands/supernet_actions.hpp"
#include "worker/commands/supernet_evaluation.hpp"
#include "worker/group/collectives.hpp"

namespace harmonic {
namespace {

/// Of a group that is evaluated at once: wide enough to share much, and some seconds of work at most.
constexpr std::size_t kGroup = 96;

using Metrics = std::map<BackboneGenome, double>;  ///< percent, by canonical genome

/// One genome a line; empty lines and those that begin with # are passed over.
std::vector<BackboneGenome> read_genomes(const std::string& path, const BackboneSpace& space) {
  std::vector<BackboneGenome> genomes;
  const auto lines = split(read_file(path), '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string line = trim(lines[i]);
    if (line.empty() || line.starts_with('#')) continue;
    try {
      genomes.push_back(canonical(parse_genome(line, space)));
    } catch (const InputError& e) {
      throw InputError(fmt::format("{}, line {}: {}", path, i + 1, e.what()), "mend the line");
    }
  }
  if (genomes.empty()) throw InputError(fmt::format("{} lists no genome", path), "write one a line");
  return genomes;
}

/// The table that is written: what each genome scores and costs.
class SweepTable {
 public:
  SweepTable(std::filesystem::path path, std::vector<BackboneGenome> genomes, std::optional<DeviceSet> devices)
      : path_(std::move(path)), genomes_(std::move(genomes)), devices_(std::move(devices)) {}

  [[nodiscard]] const std::vector<BackboneGenome>& genomes() const { return genomes_; }

  void write(const Metrics& metrics, const std::set<BackboneGenome>& front = {}) const {
    std::vector<std::string> header = {"genome", "metric"};
    if (devices_) {
      for (const auto& device : devices_->devices()) header.push_back("latency_ms." + device.name);
      for (const auto& device : devices_->devices()) header.push_back("energy_mj." + device.name);
    }
    header.push_back("front");
    std::string text = csv_row(header);
    for (const auto& genome : genomes_) {
      const auto metric = metrics.find(genome);
      if (metric == metrics.end()) continue;
      std::vector<std::string> cells = {to_text(genome), shortest(metric->second)};
      if (devices_) {
        const auto costs = devices_->backbone_costs(0, genome);
        for (const auto& cost : costs) cells.push_back(shortest(cost.latency_ms));
        for (const auto& cost : costs) cells.push_back(cost.energy_mj ? shortest(*cost.energy_mj) : "");
      }
      cells.push_back(front.empty() ? "" : front.contains(genome) ? "1" : "0");
      text += csv_row(cells);
    }
    replace_file(path_, text);
  }

  /// Genomes that none dominates in metric and every device's latency and energy.
  [[nodiscard]] std::set<BackboneGenome> front(const Metrics& metrics) const {
    std::map<BackboneGenome, Objectives> points;
    for (const auto& genome : genomes_) {
      Objectives point = {-metrics.at(genome)};
      for (const auto& cost : devices_ ? devices_->backbone_costs(0, genome) : std::vector<Cost>{}) {
        point.push_back(cost.latency_ms);
        if (cost.energy_mj) point.push_back(*cost.energy_mj);
      }
      points.emplace(genome, std::move(point));
    }
    std::set<BackboneGenome> found;
    for (const auto& [genome, point] : points)
      if (std::ranges::none_of(points, [&](const auto& other) { return dominates(other.second, point); }))
        found.insert(genome);
    return found;
  }

  /// What an earlier sweep has left.
  [[nodiscard]] Metrics read(const BackboneSpace& space) const {
    Metrics metrics;
    if (!std::filesystem::exists(path_)) return metrics;
    const auto table = CsvTable::read(path_);
    const auto genome = table.column("genome"), metric = table.column("metric");
    for (std::size_t row = 0; row < table.rows(); ++row)
      metrics[canonical(parse_genome(table.cell(row, genome), space))] = table.number(row, metric);
    return metrics;
  }

 private:
  std::filesystem::path path_;
  std::vector<BackboneGenome> genomes_;
  std::optional<DeviceSet> devices_;
};

/// Percent with the digits that the file keeps: other weights or samples would rarely give the same.
void check_same_run(const BackboneEvaluator& evaluator, const EvaluationInputs& inputs, const Metrics& known,
                    const std::string& path) {
  if (known.empty()) return;
  const auto& [genome, metric] = *known.begin();
  const double now = evaluator.evaluate({genome}, inputs.inputs, inputs.labels, inputs.kind).front();
  if (std::abs(now - metric) > 1e-6)
    throw InputError(
        fmt::format("{} says {} % for {}, which is {} % now", path, shortest(metric), to_text(genome), shortest(now)),
        "resume with the weights, data and options it was begun with, or leave --resume out");
}

void show_progress(std::size_t done, std::size_t total, double seconds) {
  const double left_s = seconds / static_cast<double>(done) * static_cast<double>(total - done);
  const auto line = fmt::format("{} of {} networks, {:.1f} a second, {} left", done, total,
                                static_cast<double>(done) / seconds, human_duration(left_s));
  if (log::stderr_is_terminal())
    log::progress(line);
  else
    log::info("{}", line);
}

}  // namespace

ExitCode supernet_sweep(const Arguments& args) {
  EvaluationOptions chosen;
  std::string genomes_path, out;
  std::vector<std::string> device_texts;
  int head_classes = 0;
  bool all = false, resume = false, json = false;
  OptionSet options("harmonic supernet sweep",
                    "Measures many sub-networks, or every distinct one, after recalibration; under mpirun ranks share "
                    "them.");
  chosen.declare(options);
  options.add("genomes", genomes_path, "file with one genome a line");
  options.add("all", all, "every distinct network of the space instead");
  options.add("device", device_texts, "a device whose cost is added: name=table.json[+more.json]");
  options.add("head-classes", head_classes, "classifier row of the tables; 0: the data's number of classes",
              {0, 1'000'000});
  options.add("out", out, "CSV file to write: genome, metric, ms and mJ on every device, whether none dominates it")
      .required();
  options.add("resume", resume, "go on with the CSV file where it stopped");
  options.add("json", json, "print a summary as one JSON object");
  declare_spaces(options);
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  if (all == !genomes_path.empty()) throw InputError("a sweep takes either --genomes or --all", "give one of them");
  check_output(out, "out");

  const LocalPlace place = local_place();
  const EvaluationInputs inputs = load_evaluation(chosen, place, true);
  const BackboneSpace& space = inputs.supernet.space();
  const auto group = world_collectives(torch::kCPU);
  const bool speaks = group->rank().value == 0;
  std::optional<DeviceSet> devices;
  if (!device_texts.empty()) {
    std::vector<DeviceSpec> specs;
    for (const auto& text : device_texts) specs.push_back(parse_device(text));
    devices.emplace(specs, Aggregate::mean, std::vector{space},
                    std::vector{head_classes > 0 ? head_classes : inputs.supernet.classes()});
  }
  const SweepTable table(out, all ? all_genomes(space) : read_genomes(genomes_path, space), std::move(devices));
  const BackboneEvaluator evaluator(inputs.supernet, inputs.calibration, chosen.calibration_batch, inputs.device);

  Metrics metrics = resume ? table.read(space) : Metrics{};
  check_same_run(evaluator, inputs, metrics, out);
  const std::set<BackboneGenome> distinct(table.genomes().begin(), table.genomes().end());
  std::vector<BackboneGenome> open;
  std::ranges::copy_if(distinct, std::back_inserter(open),
                       [&](const auto& genome) { return !metrics.contains(genome); });
  const auto groups = prefix_groups(open, kGroup);
  if (speaks)
    log::info("{}: {} networks to measure on {} samples of {}, {} known, {} rank(s)", space.name, open.size(),
              inputs.inputs.size(0), chosen.split, metrics.size(), group->size());
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  // In rounds, a group a rank; after each all ranks know all, and rank 0 writes.
  std::size_t done = 0;
  for (std::size_t first = 0; first < groups.size(); first += static_cast<std::size_t>(group->size())) {
    const std::size_t last = std::min(groups.size(), first + static_cast<std::size_t>(group->size()));
    std::vector<BackboneGenome> round;
    std::vector<double> scores;
    for (std::size_t g = first; g < last; ++g) {
      const bool mine = g - first == static_cast<std::size_t>(group->rank().value);
      const auto found = mine ? evaluator.evaluate(groups[g], inputs.inputs, inputs.labels, inputs.kind)
                              : std::vector<double>(groups[g].size(), 0.0);
      round.insert(round.end(), groups[g].begin(), groups[g].end());
      scores.insert(scores.end(), found.begin(), found.end());
    }
    const auto shared = torch::tensor(scores, torch::kFloat64);
    group->all_reduce_sum({shared});
    for (std::size_t i = 0; i < round.size(); ++i)
      metrics[round[i]] = shared[static_cast<std::int64_t>(i)].item<double>();
    done += round.size();
    if (!speaks) continue;
    table.write(metrics);
    show_progress(done, open.size(), seconds());
  }
  if (!speaks) return ExitCode::done;
  const auto front = table.front(metrics);
  table.write(metrics, front);
  const auto& best =
      *std::ranges::max_element(table.genomes(), {}, [&](const auto& genome) { return metrics.at(genome); });
  if (json)
    std::cout << json_text(nlohmann::ordered_json{{"csv", out},
                                                  {"networks", table.genomes().size()},
                                                  {"measured", open.size()},
                                                  {"front", front.size()},
                                                  {"best", {{"genome", to_text(best)}, {"metric", metrics.at(best)}}},
                                                  {"seconds", seconds()}})
              << '\n';
  else
    fmt::print("{}: {} networks, {} of them not dominated, the best {} with {:.2f} %\n", out, table.genomes().size(),
               front.size(), to_text(best), metrics.at(best));
  return ExitCode::done;
}

}  // namespace harmonic
