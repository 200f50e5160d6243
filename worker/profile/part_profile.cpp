#include "worker/profile/part_profile.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>
#include <utility>

#include <c10/core/InferenceMode.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/seconds_since.hpp"
#include "core/base/text.hpp"
#include "core/hardware/network_parts.hpp"
#include "core/storage/append_file.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "worker/profile/part_graphs.hpp"
#include "worker/profile/visit_order.hpp"

namespace harmonic {
namespace {

// Lines of the record, behind its conditions: "visit,KEY,MS", "energy,KEY,MJ", and "round" behind a whole one.
constexpr const char *kVisit = "visit", *kEnergyLine = "energy", *kRound = "round";

using Networks = std::map<std::string, TimedNetwork>;

/// One round through the networks that have a key in `wanted`.
std::vector<std::pair<std::string, double>> round_of(const TableScope& scope, int number, const Networks& networks,
                                                     const std::set<std::string>& wanted, QuietCore& core,
                                                     const std::function<bool()>& stop) {
  std::vector<std::pair<std::string, double>> found;
  for (const auto& keys : visit_order(scope, static_cast<std::uint64_t>(number))) {
    if (std::ranges::none_of(keys, [&](const auto& key) { return wanted.contains(key); })) continue;
    if (stop()) break;
    std::vector<const TimedNetwork*> parts;
    for (const auto& key : keys) parts.push_back(&networks.at(key));
    const auto times = visit(parts, core);
    for (std::size_t i = 0; i < keys.size(); ++i)
      if (times[i]) found.emplace_back(keys[i], *times[i]);
  }
  return found;
}

/// mJ of one run, of many in a row: counters tick in milliseconds.
double energy_of(const TimedNetwork& network, double run_ms, EnergyMeter& meter, QuietCore& core) {
  constexpr double kLong_ms = 300;
  const c10::InferenceMode inference;
  const int runs = std::max(3, static_cast<int>(std::ceil(kLong_ms / std::max(run_ms, 1e-3))));
  (void)network.time_ms(core);  // a GPU has finished all before it is read
  const double before = meter.read_mj();
  for (int i = 0; i < runs; ++i) network.run();
  (void)network.time_ms(core);
  return (meter.read_mj() - before) / (runs + 1);
}

std::set<std::string> unsettled(const std::vector<std::string>& keys, const VisitRecord& record,
                                const ProfileLimits& limits) {
  std::set<std::string> found;
  for (const auto& key : keys) {
    const auto& visits = record.of(key);
    if (visits.ms.empty() || !summarise(visits).is_within(limits.interval)) found.insert(key);
  }
  return found;
}

}  // namespace

VisitRecord::VisitRecord(std::filesystem::path file, const Conditions& conditions) : file_(std::move(file)) {
  if (std::filesystem::exists(file_)) {
    const auto text = read_file(file_);
    const auto lines = split(whole_lines(text), '\n');
    const auto there = lines.empty() ? std::nullopt : parse_conditions(lines.front());
    if (there) {
      if (const auto different = differences(*there, conditions); !different.empty())
        throw InputError(
            fmt::format("{} was measured under other conditions: {}", file_.string(), join(different, ", ")),
            "give those to go on with it, or --again to begin anew");
      for (std::size_t i = 1; i < lines.size(); ++i) take(lines[i]);
      replace_file(file_, whole_lines(text));
      return;
    }
  }
  replace_file(file_, conditions_text(conditions) + '\n');
}

const VisitRecord::Visits& VisitRecord::of(const std::string& key) const {
  static const Visits none;
  const auto found = visits_.find(key);
  return found == visits_.end() ? none : found->second;
}

void VisitRecord::take(const std::string& line) {
  const auto cells = split(line, ',');
  if (line == kRound) ++rounds_;
  if (cells.size() != 3) return;
  const double value = parse_real(cells[2], fmt::format("a line of {}", file_.string()));
  if (cells[0] == kVisit) visits_[cells[1]].ms.push_back(value);
  if (cells[0] == kEnergyLine) visits_[cells[1]].energy_mj = value;
}

void VisitRecord::append(const std::string& text) {
  append_file(file_, text);
  for (const auto& line : split(text, '\n')) take(line);
}

void VisitRecord::add_visits(const std::vector<std::pair<std::string, double>>& ms) {
  std::string text;
  for (const auto& [key, value] : ms) text += fmt::format("{},{},{:.6g}\n", kVisit, key, value);
  append(text + kRound + "\n");
}

void VisitRecord::add_energy(const std::string& key, double mj) {
  append(fmt::format("{},{},{:.6g}\n", kEnergyLine, key, mj));
}

void VisitRecord::remove() {
  std::filesystem::remove(file_);
}

bool PartMeasurement::is_steady() const {
  return std::abs(second_over_first - 1) <= kSteady;
}

bool PartMeasurement::is_within(double interval) const {
  return interval_ms && (interval_ms->high - interval_ms->low) / 2 <= interval * median_ms;
}

PartMeasurement summarise(const VisitRecord::Visits& visits) {
  const auto middle = visits.ms.begin() + static_cast<std::ptrdiff_t>(visits.ms.size() / 2);
  PartMeasurement found;
  found.median_ms = median(visits.ms);
  found.interval_ms = median_interval(visits.ms);
  found.visits = static_cast<int>(visits.ms.size());
  if (visits.ms.size() > 1)
    found.second_over_first = median({middle, visits.ms.end()}) / median({visits.ms.begin(), middle});
  found.energy_mj = visits.energy_mj;
  return found;
}

bool profile_parts(const TableScope& scope, const RunConditions& conditions, const ProfileLimits& limits,
                   EnergyMeter* meter, VisitRecord& record, const ProfileHooks& hooks) {
  const auto start = std::chrono::steady_clock::now();
  hooks.progress("cutting networks into their parts", 0);
  Networks networks;
  for (const auto& [key, graph] : part_graphs(scope)) networks.emplace(key, TimedNetwork(graph, conditions));
  QuietCore core;
  const auto keys = lut_keys(scope.parts());
  const int first_round = record.rounds();
  while (true) {
    const int done = record.rounds();
    auto wanted = unsettled(keys, record, limits);
    const double passed = seconds_since(start);
    const bool is_long_enough = done >= limits.fewest_rounds && passed >= limits.shortest_s;
    if (is_long_enough && (wanted.empty() || done >= limits.most_rounds)) break;
    // A limit of time ends no profile that has nothing of some row.
    const bool all_there = std::ranges::none_of(keys, [&](const auto& key) { return record.of(key).ms.empty(); });
    if (done > first_round && all_there && passed > limits.time_s) break;
    const auto settled = keys.size() - wanted.size();
    hooks.progress(
        fmt::format("round {}, {} of {} rows within {:.0f} %", done + 1, settled, keys.size(), 100 * limits.interval),
        std::min({0.99, static_cast<double>(done) / limits.fewest_rounds, passed / std::max(limits.shortest_s, 1e-3)}));
    if (!is_long_enough) wanted.insert(keys.begin(), keys.end());
    const auto visits = round_of(scope, done, networks, wanted, core, hooks.stop);
    record.add_visits(visits);
    if (hooks.stop()) return false;
  }
  for (std::size_t i = 0; meter != nullptr && i < keys.size(); ++i) {
    if (record.of(keys[i]).energy_mj) continue;
    if (hooks.stop()) return false;
    hooks.progress(fmt::format("energy of row {} of {}", i + 1, keys.size()),
                   static_cast<double>(i) / static_cast<double>(keys.size()));
    record.add_energy(keys[i], energy_of(networks.at(keys[i]), summarise(record.of(keys[i])).median_ms, *meter, core));
  }
  return true;
}

}  // namespace harmonic
