#include <algorithm>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "core/base/hash.hpp"
#include "core/base/log.hpp"
#include "core/base/progress_display.hpp"
#include "core/base/text.hpp"
#include "core/hardware/energy_meter.hpp"
#include "core/hardware/machine.hpp"
#include "core/hardware/network_parts.hpp"
#include "core/storage/json_text.hpp"
#include "core/work/stop_signal.hpp"
#include "core/work/table_file.hpp"
#include "worker/commands/lut_measuring.hpp"
#include "worker/group/placement.hpp"
#include "worker/profile/part_profile.hpp"

namespace harmonic {
namespace {

constexpr double kShortest = 10;  // of the longest time, for rows that are soon known as well

/// What a record must have been measured under to be gone on with.
Conditions conditions_of(const MeasuringOptions& measuring, const TableScope& scope) {
  const auto keys = lut_keys(scope.parts());
  return {{"device", measuring.device_in_words()},
          {"settings", measuring.describe()},
          {"rows", fmt::format("{} of hash {:016x}", keys.size(), hash64(join(keys, " ")))},
          {"tool", tool_name()}};
}

/// What is known of a finished profile besides its rows.
struct ProfileSummary {
  std::vector<std::string> flagged;    ///< rows whose second half of visits differs from the first
  std::vector<std::string> imprecise;  ///< rows that are not known as well as was wanted
  int fewest_visits = 0;
};

ProfileSummary fill(LookUpTable& table, const std::vector<std::string>& keys, const VisitRecord& record,
                    double interval) {
  ProfileSummary summary;
  for (const auto& key : keys) {
    const auto& visits = record.of(key);
    if (visits.ms.empty()) throw RunError(fmt::format("the machine is too busy: every run of '{}' was disturbed", key));
    const auto row = summarise(visits);
    table.set(key, {row.median_ms, row.energy_mj});
    if (!row.is_steady()) summary.flagged.push_back(key);
    if (!row.is_within(interval)) summary.imprecise.push_back(key);
    summary.fewest_visits = summary.fewest_visits == 0 ? row.visits : std::min(summary.fewest_visits, row.visits);
  }
  return summary;
}

void tell(const ProfileSummary& summary, const ProfileLimits& limits, bool has_energy) {
  if (!has_energy)
    log::warning(
        "no energy can be read on this machine: the table's energies are absent, and searches by it minimise "
        "latency alone");
  if (!summary.imprecise.empty())
    log::warning(
        "{} rows are not known within {:.0f} %, the first is '{}': give more --rounds and --time, or a machine "
        "that does nothing else",
        summary.imprecise.size(), 100 * limits.interval, summary.imprecise.front());
  if (!summary.flagged.empty())
    log::warning(
        "{} rows differ by more than {:.0f} % between the halves of the measurement, the first is '{}': the "
        "machine's clock or load changed meanwhile",
        summary.flagged.size(), 100 * PartMeasurement::kSteady, summary.flagged.front());
}

}  // namespace

ExitCode lut_profile(const Arguments& args) {
  MeasuringOptions measuring;
  TableScopeOptions rows;
  take_usual_scope(rows);
  ProfileLimits limits;
  std::string out, name, date = today();
  bool json = false, again = false;
  OptionSet options(
      "harmonic lut profile",
      "Measures every row of a table on the machine at hand: each part of a network as the deployed one "
      "runs it, visited in turn with the others until its median is known. Goes on where it was when it is "
      "called again.");
  options.add("out", out, "table to write; its folder is made where there is none").required();
  measuring.declare(options);
  rows.declare(options);
  options.add("name", name, "the device, in words, for the table's provenance; the processor's own name when empty");
  options.add("interval", limits.interval,
              "half width of the median's 95 % interval that a row is measured to, over the median", {0.001, 1.0});
  options.add_seconds("time", limits.time_s,
                      "for the measurement of latencies, at most; it takes a tenth of that at least", {0, 1e7});
  options.add("rounds", limits.fewest_rounds, "visits of every row, at least", {2, 100'000});
  options.add("again", again, "measure anew what an earlier call left unfinished beside the output");
  options.add("date", date, "date for the table's provenance, ISO 8601");
  options.add("json", json, "print the result as one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  limits.shortest_s = limits.time_s / kShortest;
  limits.most_rounds = std::max(limits.most_rounds, limits.fewest_rounds);
  const TableFolder folder(out, {{"data", rows.data()}}, args);
  say_notices(options);
  const TableScope scope = measured_scope(rows, options, args);
  const RunConditions conditions = measuring.prepare();
  const auto meter = find_energy_meter(metered_device(conditions.device));
  const auto before = report_machine(measuring.processor());

  const std::filesystem::path partial = out + ".partial";
  if (again) std::filesystem::remove(partial);
  VisitRecord record(partial, conditions_of(measuring, scope));
  if (record.rounds() > 0) log::info("goes on after {} rounds, from {}", record.rounds(), partial.string());
  {
    ProgressDisplay display("measuring", {}, stop_signal_seen);
    const ProfileHooks hooks{[&](const std::string& text, double share) { display.show(text, share); },
                             stop_signal_seen};
    if (!profile_parts(scope, conditions, limits, meter.get(), record, hooks)) {
      display.close();
      log::info("stopped after {} rounds; the same command goes on from {}", record.rounds(), partial.string());
      return ExitCode::stopped;
    }
    display.close();
  }
  LookUpTable table;
  const auto keys = lut_keys(scope.parts());
  const auto summary = fill(table, keys, record, limits.interval);
  std::vector<std::string> settings = {
      measuring.describe(), fmt::format("median of {} visits or more, of the fastest of {} undisturbed runs each",
                                        summary.fewest_visits, VisitLength{}.runs)};
  if (!before.conditions.empty()) settings.push_back("at the start " + join(before.conditions, ", "));
  settings.push_back("at the end " + join(report_machine(measuring.processor()).conditions, ", "));
  settings.push_back(meter ? fmt::format("energy: {}, idle power included", meter->name())
                           : "energy: absent, nothing to read");
  if (!summary.flagged.empty())
    settings.push_back(fmt::format("differ by more than {:.0f} % between the halves: {}",
                                   100 * PartMeasurement::kSteady, join(summary.flagged, ", ")));
  table.set_provenance(
      {name.empty() ? measuring.device_in_words() : name, "measured", date, tool_name(), join(settings, "; ")});
  table.save(out);
  record.remove();
  tell(summary, limits, meter != nullptr);
  if (!json) {
    report_table(out, table, false);
    return ExitCode::done;
  }
  std::cout << json_text(nlohmann::ordered_json{{"table", out},
                                                {"rows", table.rows().size()},
                                                {"device", table.provenance().device},
                                                {"rounds", record.rounds()},
                                                {"flagged", summary.flagged},
                                                {"imprecise", summary.imprecise}})
            << '\n';
  return ExitCode::done;
}

}  // namespace harmonic
