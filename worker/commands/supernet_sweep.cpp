#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/base/seconds_since.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "core/hardware/multi_device.hpp"
#include "core/pareto/fronts.hpp"
#include "core/space/prefix_groups.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/conditions.hpp"
#include "core/storage/csv.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/output_file.hpp"
#include "core/work/stop_signal.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/backbone/supernet_file.hpp"
#include "worker/commands/on_peers.hpp"
#include "worker/commands/supernet_actions.hpp"
#include "worker/commands/supernet_evaluation.hpp"
#include "worker/group/collectives.hpp"
#include "worker/tensor/tensor_hash.hpp"

namespace harmonic {
namespace {

/// Of a group that is evaluated at once: wide enough to share much, yet small digits take but some seconds.
constexpr std::size_t kGroup = 96;

using Metrics = std::map<BackboneGenome, double>;                  ///< percent, by canonical genome
using KnownRows = std::vector<std::pair<BackboneGenome, double>>;  ///< likewise, in the order of their file

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

/// What an earlier sweep has left.
KnownRows read_rows(const std::filesystem::path& path, const BackboneSpace& space) {
  const auto table = CsvTable::read(path);
  const auto genome = table.column("genome"), metric = table.column("metric");
  KnownRows rows;
  for (std::size_t row = 0; row < table.rows(); ++row)
    rows.emplace_back(canonical(parse_genome(table.cell(row, genome), space)), table.number(row, metric));
  return rows;
}

/// The table that is written: what each genome scores and costs.
class SweepTable {
 public:
  SweepTable(std::filesystem::path path, std::vector<BackboneGenome> genomes, std::optional<DeviceSet> devices)
      : path_(std::move(path)), genomes_(std::move(genomes)), devices_(std::move(devices)) {
    if (!devices_) return;
    for (const auto& genome : genomes_)
      if (!costs_.contains(genome)) costs_.emplace(genome, devices_->backbone_costs(0, genome));
  }

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
      for (const auto& cost : costs(genome)) cells.push_back(shortest(cost.latency_ms));
      for (const auto& cost : costs(genome)) cells.push_back(cost.energy_mj ? shortest(*cost.energy_mj) : "");
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
      for (const auto& cost : costs(genome)) {
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

 private:
  /// On every device; none without devices.
  [[nodiscard]] std::span<const Cost> costs(const BackboneGenome& genome) const {
    const auto found = costs_.find(genome);
    return found == costs_.end() ? std::span<const Cost>{} : found->second;
  }

  std::filesystem::path path_;
  std::vector<BackboneGenome> genomes_;
  std::optional<DeviceSet> devices_;
  std::map<BackboneGenome, std::vector<Cost>> costs_;
};

void show_progress(std::size_t done, std::size_t total, double seconds) {
  const double left_s = seconds / static_cast<double>(done) * static_cast<double>(total - done);
  const auto line = fmt::format("{} of {} networks, {:.1f} a second, {} left", done, total,
                                static_cast<double>(done) / seconds, human_duration(left_s));
  if (log::stderr_is_terminal())
    log::progress(line);
  else
    log::info("{}", line);
}

/// The words of the command line.
struct SweepOptions {
  EvaluationOptions evaluation;
  std::string genomes, out;
  std::vector<DeviceSpec> devices;
  int head_classes = 0;
  double patience_s = kPatienceS;
  bool all = false, resume = false, json = false;

  void declare(OptionSet& options) {
    evaluation.declare(options);
    options.add("genomes", genomes, "file with one genome a line");
    options.add("all", all, "every distinct network of the space instead");
    options.add("device", devices, "a device whose cost is added: name=table.json[+more.json]",
                {parse_device, [](const auto& spec) { return to_text(spec); }});
    options.add("head-classes", head_classes, "classifier row of the tables; 0: the data's number of classes",
                {0, 1'000'000});
    options.add("out", out, "CSV file to write: genome, metric, ms and mJ on every device, whether none dominates it")
        .required();
    options.add("resume", resume,
                "go on with the CSV file where it stopped, or add to it; OUT.conditions says what its rows depend on");
    options.add("patience", patience_s, "seconds that ranks wait for one another before a missing one ends the sweep",
                {0.1, 1e9});
    options.add("json", json, "print a summary as one JSON object");
  }
  [[nodiscard]] std::string conditions_file() const { return out + ".conditions"; }
  [[nodiscard]] std::vector<InputFile> files() const {
    auto read = evaluation.files();
    read.push_back({"genomes", genomes});
    for (const auto& device : devices)
      for (const auto& table : device.tables) read.push_back({"device", table});
    return read;
  }
};

/// What a row's metric depends on, but for rounding. Costs and the front are found anew for all rows.
Conditions conditions_of(const EvaluationOptions& chosen, const EvaluationInputs& inputs) {
  const auto hash = [](const std::vector<torch::Tensor>& tensors) {
    std::uint64_t value = 0;
    for (const auto& tensor : tensors) value = tensor_hash(tensor, value);
    return fmt::format("{:016x}", value);
  };
  std::uint64_t weights = 0;
  std::int64_t calibration_samples = 0;
  for (const auto& batch : inputs.calibration) calibration_samples += batch.size(0);
  for (const auto& [name, tensor] : inputs.supernet.tensors()) weights = tensor_hash(tensor, weights);
  Conditions conditions = {
      {"program", std::string(program_version())},
      {"weights", fmt::format("{:016x}", weights)},
      {"modality", inputs.modality},
      {"split", chosen.split},
      {"samples", std::to_string(inputs.inputs.size(0))},
      {"content of the samples", hash({inputs.inputs, inputs.labels})},
      {"calibration-samples", std::to_string(calibration_samples)},
      {"calibration-batch", std::to_string(chosen.calibration_batch)},
      {"content of the calibration samples", hash(inputs.calibration)},
  };
  for (auto& condition : space_conditions(inputs.supernet.space())) conditions.push_back(std::move(condition));
  return conditions;
}

/// The rows to go on with: none when there is no file yet. @throws InputError when they are of other conditions
KnownRows resumed_rows(const SweepOptions& chosen, const BackboneSpace& space, const Conditions& conditions) {
  if (!chosen.resume || !std::filesystem::exists(chosen.out)) return {};
  if (!std::filesystem::exists(chosen.conditions_file()))
    throw InputError(fmt::format("{} cannot be gone on with: there is no {} to say what its rows depend on", chosen.out,
                                 chosen.conditions_file()),
                     "give another --out");
  const auto others = differences(read_conditions(chosen.conditions_file()), conditions);
  if (!others.empty())
    throw InputError(fmt::format("{} is of another sweep: {}", chosen.out, join(others, ", ")),
                     "go on with its own weights, data and options, or give another --out");
  return read_rows(chosen.out, space);
}

/// What the table is to hold: the genomes asked for, then those that it holds already.
std::vector<BackboneGenome> genomes_of(const SweepOptions& chosen, const BackboneSpace& space, const KnownRows& known) {
  auto genomes = chosen.all ? all_genomes(space) : read_genomes(chosen.genomes, space);
  std::set<BackboneGenome> held(genomes.begin(), genomes.end());
  for (const auto& [genome, metric] : known)
    if (held.insert(genome).second) genomes.push_back(genome);
  return genomes;
}

std::optional<DeviceSet> chosen_devices(const SweepOptions& chosen, const Supernet& supernet) {
  if (chosen.devices.empty()) return std::nullopt;
  return std::optional<DeviceSet>(std::in_place, chosen.devices, Aggregate::mean, std::vector{supernet.space()},
                                  std::vector{chosen.head_classes > 0 ? chosen.head_classes : supernet.classes()});
}

/// A sweep on one of its ranks: what is measured, and how far it is.
class Sweep {
 public:
  /// Reads and checks all there is; what an earlier sweep has left is known when it is resumed. @throws InputError
  Sweep(const SweepOptions& chosen, LocalPlace place)
      : inputs_(load_evaluation(chosen.evaluation, place, true)),
        conditions_file_(chosen.conditions_file()),
        conditions_(conditions_of(chosen.evaluation, inputs_)),
        known_(resumed_rows(chosen, inputs_.supernet.space(), conditions_)),
        table_(chosen.out, genomes_of(chosen, inputs_.supernet.space(), known_),
               chosen_devices(chosen, inputs_.supernet)),
        evaluator_(inputs_.supernet, std::move(inputs_.calibration), inputs_.device),
        metrics_(known_.begin(), known_.end()) {
    const std::set<BackboneGenome> distinct(table_.genomes().begin(), table_.genomes().end());
    std::ranges::copy_if(distinct, std::back_inserter(open_),
                         [&](const auto& genome) { return !metrics_.contains(genome); });
  }

  [[nodiscard]] const SweepTable& table() const { return table_; }
  [[nodiscard]] const Metrics& metrics() const { return metrics_; }
  [[nodiscard]] std::size_t to_measure() const { return open_.size(); }
  [[nodiscard]] std::string description() const {
    return fmt::format("{}: {} networks to measure on {} samples", inputs_.supernet.space().name, open_.size(),
                       inputs_.inputs.size(0));
  }
  [[nodiscard]] double seconds() const { return seconds_since(start_); }

  /// In rounds, a group a rank; after each all ranks know all, and rank 0 writes.
  /// @return false when a rank was asked to stop: the rest is open
  /// @throws RunError when a rank is missing or fails, on all others; the rounds before are in the table
  bool run(Collectives& group) {
    start_ = std::chrono::steady_clock::now();
    group.peers().or_give_up([&] {
      if (group.rank().value == 0) write_conditions(conditions_file_, conditions_);
      const auto groups = prefix_groups(open_, kGroup);
      const auto ranks = static_cast<std::size_t>(group.size());
      std::size_t done = 0;
      for (std::size_t first = 0; first < groups.size() && !stopped_; first += ranks) {
        done += measure(std::span(groups).subspan(first, std::min(ranks, groups.size() - first)), group);
        if (group.rank().value != 0) continue;
        table_.write(metrics_);
        show_progress(done, open_.size(), seconds());
      }
    });
    return !stopped_;
  }

 private:
  /// @param round a group for each of the first ranks @return how many networks there are in it
  std::size_t measure(std::span<const std::vector<BackboneGenome>> round, Collectives& group) {
    std::vector<BackboneGenome> genomes;
    std::vector<double> scores;
    for (std::size_t rank = 0; rank < round.size(); ++rank) {
      const bool mine = static_cast<std::size_t>(group.rank().value) == rank;
      const auto found = mine ? evaluator_.evaluate(round[rank], inputs_.inputs, inputs_.labels, inputs_.kind,
                                                    [&] { group.peers().at_work(); })
                              : std::vector<double>(round[rank].size(), 0.0);
      genomes.insert(genomes.end(), round[rank].begin(), round[rank].end());
      scores.insert(scores.end(), found.begin(), found.end());
    }
    scores.push_back(stop_signal_seen() ? 1 : 0);
    const auto shared = torch::tensor(scores, torch::kFloat64);
    group.all_reduce_sum({shared});
    stopped_ = shared[-1].item<double>() > 0;
    for (std::size_t i = 0; i < genomes.size(); ++i)
      metrics_[genomes[i]] = shared[static_cast<std::int64_t>(i)].item<double>();
    return genomes.size();
  }

  EvaluationInputs inputs_;
  std::filesystem::path conditions_file_;
  Conditions conditions_;
  KnownRows known_;
  SweepTable table_;
  BackboneEvaluator evaluator_;
  Metrics metrics_;                   ///< of all that is known
  std::vector<BackboneGenome> open_;  ///< what was not known at the start
  bool stopped_ = false;              ///< a rank was asked to
  std::chrono::steady_clock::time_point start_;
};

void show_result(const SweepOptions& chosen, const Sweep& sweep, const std::set<BackboneGenome>& front) {
  const auto& genomes = sweep.table().genomes();
  const auto metric = [&](const auto& genome) { return sweep.metrics().at(genome); };
  const auto& best = *std::ranges::max_element(genomes, {}, metric);
  if (chosen.json)
    std::cout << json_text(nlohmann::ordered_json{{"csv", chosen.out},
                                                  {"networks", genomes.size()},
                                                  {"measured", sweep.to_measure()},
                                                  {"front", front.size()},
                                                  {"best", {{"genome", to_text(best)}, {"metric", metric(best)}}},
                                                  {"seconds", sweep.seconds()}})
              << '\n';
  else
    fmt::print("{}: {} networks, {} of them not dominated, the best {} with {:.2f} %\n", chosen.out, genomes.size(),
               front.size(), to_text(best), metric(best));
}

void check_outputs(const SweepOptions& chosen) {
  for (const auto& file : {chosen.out, chosen.conditions_file()}) check_output(file, "out", chosen.files());
  if (!chosen.resume) check_absent(chosen.out, "out", "go on with it by --resume, remove it, or give another");
}

ExitCode sweep_on(const SweepOptions& chosen, const std::shared_ptr<Peers>& peers) {
  const bool leads = peers->rank().value == 0;
  const LocalPlace place = local_place();
  std::optional<Sweep> sweep;
  // What one rank cannot read or find, all hear of.
  peers->together([&] {
    if (chosen.all == !chosen.genomes.empty())
      throw InputError("a sweep takes either --genomes or --all", "give one of them");
    if (leads) check_outputs(chosen);
    sweep.emplace(chosen, place);
  });
  const auto group = world_collectives(torch::kCPU, peers);
  if (leads)
    log::info("{} of {}, {} known, {} rank(s)", sweep->description(), chosen.evaluation.split, sweep->metrics().size(),
              group->size());
  catch_stop_signals();
  if (!sweep->run(*group)) {
    if (leads) log::info("stopped; go on with: harmonic supernet sweep … --out {} --resume", chosen.out);
    return ExitCode::stopped;
  }
  if (!leads) return ExitCode::done;
  const auto front = sweep->table().front(sweep->metrics());
  sweep->table().write(sweep->metrics(), front);
  show_result(chosen, *sweep, front);
  return ExitCode::done;
}

}  // namespace

ExitCode supernet_sweep(const Arguments& args, const std::function<void()>& abandon_mpi) {
  SweepOptions chosen;
  OptionSet options("harmonic supernet sweep",
                    "Measures many sub-networks, or every distinct one, after recalibration; under mpirun ranks share "
                    "them.");
  chosen.declare(options);
  return on_peers(options, args, abandon_mpi, [&](const auto& peers) {
    peers->set_patience(chosen.patience_s);
    return sweep_on(chosen, peers);
  });
}

}  // namespace harmonic
