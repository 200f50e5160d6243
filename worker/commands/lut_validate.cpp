#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/base/progress_display.hpp"
#include "core/base/text.hpp"
#include "core/config/space_config.hpp"
#include "core/hardware/cost_model.hpp"
#include "core/hardware/table_check.hpp"
#include "core/hardware/validation.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "core/storage/json_text.hpp"
#include "core/work/table_file.hpp"
#include "worker/commands/lut_measuring.hpp"
#include "worker/commands/lut_networks.hpp"

namespace harmonic {
namespace {

using nlohmann::ordered_json;

/// Networks of one kind, with what was measured of them.
using Groups = std::map<std::string, std::vector<NetworkLatency>>;

/// What others measured of the whole networks of a kit, by their names. @throws InputError naming line and network
std::map<std::string, double> read_measured(const std::filesystem::path& path) {
  const auto csv = CsvTable::read(path);
  const auto network = csv.column("network"), latency = csv.column("latency_ms");
  std::map<std::string, double> measured;
  for (std::size_t row = 0; row < csv.rows(); ++row) {
    const auto ms = csv.optional_number(row, latency);
    if (!ms || !(*ms > 0))
      throw InputError(fmt::format("{}, line {}: latency_ms of network '{}' is {}", csv.name(), csv.line(row),
                                   csv.cell(row, network), ms ? fmt::format("{}", *ms) : "missing"),
                       "measure every network, or remove its line");
    measured[csv.cell(row, network)] = *ms;
  }
  return measured;
}

/// Of all networks; orders are compared within groups alone, which differ by more than any table can miss.
struct Verdict {
  std::vector<std::pair<std::string, Validation>> groups;
  Validation all;
};

Verdict judge(const Groups& groups) {
  Verdict verdict;
  std::vector<NetworkLatency> all;
  double pairs = 0, tau = 0;
  for (const auto& [name, networks] : groups) {
    all.insert(all.end(), networks.begin(), networks.end());
    if (networks.size() < 2) continue;
    verdict.groups.emplace_back(name, validate(networks));
    const double own = static_cast<double>(networks.size() * (networks.size() - 1));
    pairs += own;
    tau += own * verdict.groups.back().second.kendall_tau;
  }
  verdict.all = validate(all);
  verdict.all.kendall_tau = pairs > 0 ? tau / pairs : 0;
  return verdict;
}

ordered_json to_json(const Validation& found) {
  return {{"mape", found.mape}, {"within_10_percent", found.within_10_percent}, {"kendall_tau", found.kendall_tau}};
}

std::vector<std::string> table_line(const std::string& name, std::size_t count, const Validation& found) {
  return {name, std::to_string(count), fmt::format("{:.1f}", found.mape),
          fmt::format("{:.0f}", found.within_10_percent), fmt::format("{:.3f}", found.kendall_tau)};
}

/// The table with every latency times the scale.
LookUpTable corrected(const LookUpTable& table, const Validation& found) {
  LookUpTable better;
  for (const auto& [key, row] : table.rows()) {
    Cost cost = row;
    if (cost.is_supported()) cost[kLatency] = cost.latency_ms() * found.scale;
    better.set(key, cost);
  }
  auto provenance = table.provenance();
  provenance.settings += fmt::format(
      "; latencies times {:.4g}: what whole networks took, of which a fixed {:.4g} ms a network is in no row",
      found.scale, found.offset_ms);
  better.set_provenance(std::move(provenance));
  return better;
}

/// Which rows the table can price networks by. @throws InputError when it lacks rows of both scopes
CostScope scope_of(const LookUpTable& table, const DrawnNetworks& drawn, bool chosen, CostScope wanted) {
  const auto has_all = [&](CostScope scope) {
    for (const auto& network : drawn.networks)
      for (const auto& part : parts_of(network, drawn.sizing, scope))
        if (!table.contains(lut_key(part))) return false;
    return true;
  };
  if (chosen || has_all(wanted)) return wanted;
  if (!has_all(CostScope::published)) return wanted;
  log::warning("table {} has no rows of pooling, residual additions, norms and heads: networks are priced without them",
               table.name());
  return CostScope::published;
}

/// @throws InputError naming options that are about measured networks, where none are
void check_table_only(const OptionSet& options) {
  std::vector<std::string> given;
  for (const std::string name : {"kit", "svg", "out", "visits", "networks", "models", "seed"})
    if (options.given(name)) given.push_back("--" + name);
  if (!given.empty())
    throw InputError(fmt::format("--table-only measures no networks, which {} would be about", join(given, ", ")),
                     fmt::format("leave out --table-only, or {}", join(given, " and ")));
}

/// Where no spaces are named: those that the table has rows of. Of more than two nobody knows which belong together:
/// no multimodal models are drawn. @throws InputError when there are none
void keep_known_spaces(TableScope& scope, const LookUpTable& table, int& models) {
  std::erase_if(scope.spaces, [&](const BackboneSpace& space) {
    const auto keys = space_keys(space, scope.head_classes.front());
    return !std::ranges::all_of(keys, [&](const auto& key) { return table.contains(key); });
  });
  if (scope.spaces.empty())
    throw InputError(
        fmt::format("table {} has all rows of no space with {} classes", table.name(), scope.head_classes.front()),
        "name its spaces with --space, and their --classes");
  if (scope.spaces.size() > 2) models = 0;
}

}  // namespace

ExitCode lut_validate(const Arguments& args) {
  MeasuringOptions measuring;
  TableScopeOptions rows;
  take_usual_scope(rows);
  NetworkOptions networks;
  std::vector<std::string> luts, others;
  std::string kit, svg, out;
  bool json = false, table_only = false;
  int rounds = 20;
  OptionSet options(
      "harmonic lut validate",
      "Compares a table's sums with whole networks, drawn at random and measured end to end on the machine "
      "at hand or, of a kit, on the device by its user; and names rows that are suspect by the table alone.");
  options.add("lut", luts, "the table; several of one device are joined").required();
  options.add("other", others, "a table of another device, to compare rows with");
  options.add("table-only", table_only, "look at the table alone: nothing is measured");
  options.add("kit", kit, "networks.csv of a kit, with latencies filled in: nothing is measured here");
  options.add("svg", svg, "a picture to write: predicted over measured");
  options.add("out", out, "a table to write: this one, corrected by the scale that fits best");
  options.add("visits", rounds, "of every network, each of a few runs", {1, 100'000});
  measuring.declare(options);
  rows.declare(options);
  networks.declare(options);
  options.add("json", json, "print the result as one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  say_notices(options);
  if (table_only) check_table_only(options);
  std::vector<OptionFile> inputs = {{"data", rows.data()}, {"kit", kit}};  // the output may replace --lut alone
  for (const auto& file : others) inputs.push_back({"other", file});
  auto with_lut = inputs;
  for (const auto& file : luts) with_lut.push_back({"lut", file});
  std::optional<OutputFolder> picture;
  if (!svg.empty()) picture.emplace(svg, "svg", with_lut);
  const LookUpTable table = LookUpTable::load({luts.begin(), luts.end()});
  std::optional<TableFolder> folder;
  if (!out.empty()) folder.emplace(out, inputs, args);

  auto findings = rows_off_trend(table);
  for (const auto& file : others) {
    const auto more = rows_off_ratio(table, LookUpTable::load({file}));
    findings.insert(findings.end(), more.begin(), more.end());
  }
  ordered_json result = {{"mape", nullptr}, {"within_10_percent", nullptr}, {"kendall_tau", nullptr}};
  std::vector<std::vector<std::string>> lines = {{"networks", "", "mean error %", "within 10 %", "Kendall tau"}};
  if (!table_only) {
    TableScope scope = measured_scope(rows, options, args);
    if (!options.given("space")) keep_known_spaces(scope, table, networks.models);
    auto drawn = networks.draw(scope);
    const CostScope cost = scope_of(table, drawn, options.given("cost"), scope.cost);
    std::vector<double> predicted, measured;
    std::vector<WholeNetwork> supported;
    for (auto& network : drawn.networks) {
      const Cost price = total(parts_cost(table, parts_of(network, drawn.sizing, cost)));
      if (!price.is_supported()) continue;
      predicted.push_back(price.latency_ms());
      supported.push_back(std::move(network));
    }
    drawn.networks = std::move(supported);
    if (drawn.networks.size() < 2)
      throw InputError("there is nothing to measure",
                       "give --networks 2 or more, and a --space that has genes and the device supports");
    if (kit.empty()) {
      const auto conditions = measuring.prepare();
      ProgressDisplay display("measuring");
      const UntrainedNetworks untrained(drawn.sizing);
      std::vector<NetworkGraph> graphs;
      for (const auto& network : drawn.networks) graphs.push_back(graph_of(network, untrained));
      measured =
          measure_networks(graphs, conditions, rounds, [&](double share) { display.show("whole networks", share); });
      display.close();
    } else {
      const auto there = read_measured(kit);
      for (const auto& network : drawn.networks) {
        const auto found = there.find(network.name);
        if (found == there.end())
          throw InputError(fmt::format("{} has no network '{}'", kit, network.name),
                           "give the spaces, --networks, --models and --seed that the kit was made with");
        measured.push_back(found->second);
      }
    }
    Groups groups;
    std::vector<NetworkLatency> all;
    for (std::size_t n = 0; n < drawn.networks.size(); ++n) {
      all.push_back({drawn.networks[n].name, predicted[n], measured[n]});
      groups[drawn.networks[n].group].push_back(all.back());
    }
    const auto verdict = judge(groups);
    result = to_json(verdict.all);
    result["cost"] = word_of(kCostScopes, cost);
    result["networks"] = all.size();
    for (const auto& [name, found] : verdict.groups) {
      result["groups"][name] = to_json(found);
      lines.push_back(table_line(name, groups[name].size(), found));
    }
    lines.push_back(table_line("all", all.size(), verdict.all));
    result["correction"] = {{"scale", verdict.all.scale},
                            {"offset_ms", verdict.all.offset_ms},
                            {"corrected_mape", verdict.all.corrected_mape}};
    if (!svg.empty())
      replace_file(svg, validation_svg(all, verdict.all,
                                       fmt::format("{}: sums of rows and whole networks", table.provenance().device)));
    if (!out.empty()) corrected(table, verdict.all).save(out);
    if (!json) {
      std::cout << aligned_table(lines)
                << fmt::format("\nmeasured = {:.4g} x predicted + {:.4g} ms, mean error then {:.1f} %\n",
                               verdict.all.scale, verdict.all.offset_ms, verdict.all.corrected_mape);
    }
  }
  if (json) {
    std::vector<std::string> keys;
    for (const auto& finding : findings)
      if (std::ranges::find(keys, finding.key) == keys.end()) keys.push_back(finding.key);
    result["flagged"] = keys;
    result["findings"] = ordered_json::array();
    for (const auto& finding : findings)
      result["findings"].push_back(ordered_json{{"key", finding.key}, {"why", finding.why}});
    std::cout << json_text(result) << '\n';
    return ExitCode::done;
  }
  for (const auto& finding : findings) std::cout << fmt::format("suspect: {}: {}\n", finding.key, finding.why);
  if (findings.empty()) std::cout << "no row is suspect by the table alone\n";
  return ExitCode::done;
}

}  // namespace harmonic
