#include <algorithm>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/storage/json_text.hpp"
#include "master/status/run_outlook.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kShownModels = 20, kShownWorkers = 20, kShownHosts = 40;  // of very many

std::string percent(double share) {
  return fmt::format("{:.0f} %", 100 * share);
}

/// "running", "stopped, exit code 3: it can be resumed".
std::string state_words(const RunOutlook& run) {
  if (run.state == "unknown") return "it does not say in which state it is (no status.json that can be read)";
  std::string words = run.state;
  if (run.exit_code) words += fmt::format(", exit code {}", *run.exit_code);
  if (run.state == "stopped") words += ": goes on with --resume";
  if (run.silent_s)
    words += fmt::format(
        ", it says, but has given no sign of life for {}: its job was ended as a whole, or is suspended; if it is "
        "gone, "
        "go on with --resume",
        human_duration(*run.silent_s));
  return words;
}

std::string generation_words(const RunOutlook& run) {
  if (run.generations) return fmt::format("generation {} of {} done", run.generation, *run.generations);
  return run.generation > 0 ? fmt::format("generation {} done", run.generation) : std::string();
}

std::string workers_text(const RunOutlook& run) {
  const bool runs = !run.has_ended() && !run.silent_s;
  std::string text;
  if (runs && run.workers) text += fmt::format("{} here, {} busy; ", *run.workers, run.busy.value_or(0));
  text += fmt::format("{} of their time was work, {} lost\n", percent(run.utilisation), run.lost_workers);
  for (std::size_t w = 0; w < std::min(run.lost.size(), kShownWorkers); ++w) {
    const auto& lost = run.lost[w];
    text += fmt::format("  rank {}{}: {}\n", lost.rank.value, lost.host.empty() ? "" : " on " + lost.host, lost.reason);
  }
  if (run.lost.size() > kShownWorkers)
    text += fmt::format("  and {} more: status.json\n", run.lost.size() - kShownWorkers);
  return text;
}

std::string hosts_text(const RunOutlook& run) {
  if (run.hosts.empty()) return {};
  std::vector<std::vector<std::string>> rows = {{"host", "workers", "done", "failed or tried again", "busy %"}};
  for (std::size_t h = 0; h < std::min(run.hosts.size(), kShownHosts); ++h) {
    const auto& host = run.hosts[h];
    rows.push_back({host.host.empty() ? "?" : host.host, std::to_string(host.workers), std::to_string(host.done),
                    std::to_string(host.setbacks), fmt::format("{:.0f}", 100 * host.busy())});
  }
  auto text = aligned_table(rows);
  if (run.hosts.size() > kShownHosts) text += fmt::format("and {} hosts more\n", run.hosts.size() - kShownHosts);
  return text;
}

/// kWh a worker and kind of work.
std::string energy_text(const RunOutlook& run) {
  if (run.energies.empty()) return {};
  const auto all = together(run.energies);
  std::vector<std::vector<std::string>> rows = {{"rank", "host"}};
  for (const auto& [kind, joules] : all.work_j) rows[0].push_back(word_of(kTimelineKinds, kind));
  rows[0].insert(rows[0].end(), {"waited", "kWh"});
  const auto add = [&](const std::string& rank, const WorkerEnergy& worker) {
    rows.push_back({rank, worker.host});
    for (const auto& [kind, joules] : all.work_j)
      rows.back().push_back(worker.work_j.contains(kind) ? kwh_text(worker.work_j.at(kind)) : "-");
    rows.back().insert(rows.back().end(), {kwh_text(worker.waited_j), kwh_text(worker.total_j())});
  };
  for (std::size_t w = 0; w < std::min(run.energies.size(), kShownWorkers); ++w)
    add(std::to_string(run.energies[w].rank.value), run.energies[w]);
  add("all", all);
  return fmt::format("energy: {} kWh\n{}", kwh_text(all.total_j()), aligned_table(rows));
}

nlohmann::ordered_json energy_json(const RunOutlook& run) {
  if (run.energies.empty()) return nullptr;
  auto workers = nlohmann::ordered_json::array();
  for (const auto& worker : run.energies) {
    nlohmann::ordered_json phases;
    for (const auto& [kind, joules] : worker.work_j) phases[word_of(kTimelineKinds, kind)] = kwh(joules);
    phases["waited"] = kwh(worker.waited_j);
    workers.push_back({{"rank", worker.rank.value}, {"host", worker.host}, {"phases", phases}});
  }
  return {{"kwh", kwh(together(run.energies).total_j())}, {"workers", workers}};
}

/// Column and what a table calls it: those of a front that people look at first.
std::vector<std::pair<std::size_t, std::string>> shown_columns(const CsvTable& front) {
  std::vector<std::pair<std::size_t, std::string>> columns;
  const auto take = [&](std::string_view name, const std::string& shown) {
    if (const auto column = front.find_column(name)) columns.emplace_back(*column, shown);
  };
  take("id", "id");
  take("metric_val", "val %");
  take("metric_test", "test %");
  for (const auto& name : front.header())
    for (const std::string_view quantity : {"latency_ms.", "energy_mj."})
      if (name.starts_with(quantity))
        take(name, fmt::format("{} {}", name.substr(quantity.size()), quantity == "latency_ms." ? "ms" : "mJ"));
  take("cells", "cells");
  return columns;
}

/// A number as people read it, whatever digits the CSV has.
std::string shown_cell(const std::string& cell, const std::string& column) {
  if (column == "id" || column == "cells") return cell;
  try {
    return fmt::format("{:.2f}", parse_real(cell, column));
  } catch (const std::exception&) {
    return "-";
  }
}

std::string front_text(const RunOutlook& run) {
  if (!run.front) return "there is no front yet: it comes with the first generation\n";
  const auto& front = *run.front;
  const auto columns = shown_columns(front);
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& [column, name] : columns) rows[0].push_back(name);
  for (std::size_t i = 0; i < std::min(run.best_first.size(), kShownModels); ++i) {
    const std::size_t r = run.best_first[i];
    rows.emplace_back();
    for (const auto& [column, name] : columns) rows.back().push_back(shown_cell(front.cell(r, column), name));
  }
  std::string text =
      fmt::format("front so far: {} model{}{}\n{}", front.rows(), front.rows() == 1 ? "" : "s",
                  run.hypervolume ? fmt::format(", hypervolume {:.6g}", *run.hypervolume) : "", aligned_table(rows));
  if (front.rows() > kShownModels) text += fmt::format("and {} more: front.csv\n", front.rows() - kShownModels);
  return text;
}

nlohmann::ordered_json front_ids(const RunOutlook& run) {
  auto ids = nlohmann::ordered_json::array();
  if (!run.front) return ids;
  if (const auto column = run.front->find_column("id"))
    for (const std::size_t r : run.best_first) ids.push_back(run.front->cell(r, *column));
  return ids;
}

}  // namespace

std::string to_text(const RunOutlook& run) {
  std::vector<std::string> progress;
  if (auto words = generation_words(run); !words.empty()) progress.push_back(std::move(words));
  progress.push_back(
      fmt::format("pieces of work: {} done, {} failed, {} tried again", run.done, run.failed, run.retried));
  if (run.seconds_left && !run.has_ended() && !run.silent_s)
    progress.push_back("ETA " + human_duration(*run.seconds_left));
  return fmt::format("run {}: {}\n{}\nworkers: {}{}{}{}", run.folder, state_words(run), join(progress, "; "),
                     workers_text(run), hosts_text(run), energy_text(run), front_text(run));
}

nlohmann::ordered_json to_json(const RunOutlook& run) {
  nlohmann::ordered_json json = {{"run", run.folder}, {"state", run.state}};
  if (run.exit_code) json["exit_code"] = *run.exit_code;
  json["silent_s"] = json_or_null(run.silent_s);
  json["generation"] = run.generation;
  json["generations"] = json_or_null(run.generations);
  json["done"] = run.done;
  json["failed"] = run.failed;
  json["retried"] = run.retried;
  json["lost_workers"] = run.lost_workers;
  json["utilisation"] = run.utilisation;
  json["workers"] = json_or_null(run.workers);
  json["busy"] = json_or_null(run.busy);
  json["seconds_left"] = json_or_null(run.seconds_left);
  json["lost"] = nlohmann::ordered_json::array();
  for (const auto& worker : run.lost)
    json["lost"].push_back({{"rank", worker.rank.value}, {"host", worker.host}, {"reason", worker.reason}});
  json["hosts"] = nlohmann::ordered_json::array();
  for (const auto& host : run.hosts)
    json["hosts"].push_back({{"host", host.host},
                             {"workers", host.workers},
                             {"done", host.done},
                             {"setbacks", host.setbacks},
                             {"utilisation", host.busy()}});
  json["energy"] = energy_json(run);
  json["front"] = front_ids(run);
  json["hypervolume"] = json_or_null(run.hypervolume);
  return json;
}

}  // namespace harmonic
