#include "master/status/run_outlook.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/config/ini_file.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/models/hypervolume_file.hpp"
#include "master/report/worker_chart.hpp"
#include "master/run/journal.hpp"
#include "master/run/run_folder.hpp"
#include "master/run/timeline.hpp"

namespace harmonic {
namespace {

/// What `read` gives; nothing of a file that is not there, damaged, or just being replaced.
template <class Read>
auto if_legible(Read read) -> std::optional<decltype(read())> try {
  return read();
} catch (const std::exception&) {
  return std::nullopt;
}

template <class T>
std::optional<T> number_at(const nlohmann::json& json, const char* key) {
  const auto it = json.find(key);
  return it != json.end() && it->is_number() ? std::optional(it->get<T>()) : std::nullopt;
}

/// @return false where it is not what a run writes
bool take_status(const nlohmann::json& json, RunOutlook& run) {
  if (!json.is_object() || !json.contains("state") || !json.at("state").is_string()) return false;
  run.state = json.at("state").get<std::string>();
  run.exit_code = number_at<int>(json, "exit_code");
  run.generation = number_at<int>(json, "generation").value_or(0);
  run.done = number_at<int>(json, "done").value_or(0);
  run.failed = number_at<int>(json, "failed").value_or(0);
  run.retried = number_at<int>(json, "retried").value_or(0);
  run.lost_workers = number_at<int>(json, "lost_workers").value_or(0);
  run.utilisation = number_at<double>(json, "utilisation").value_or(0);
  run.workers = number_at<int>(json, "workers");
  run.busy = number_at<int>(json, "busy");
  run.seconds_left = number_at<double>(json, "seconds_left");
  return true;
}

/// Generations that its settings ask for; nothing of what has none.
std::optional<int> generations_of(const RunPaths& paths) {
  const auto sections = parse_ini(read_file(paths.config()), paths.config().string());
  if (std::ranges::find(sections, "reproduce", &IniSection::name) != sections.end()) return std::nullopt;
  for (const auto& section : sections)
    if (section.name == "evolution")
      if (const auto values = section.values("generations"); !values.empty())
        return parse_int(values.back(), "generations");
  return std::nullopt;
}

/// @param rows of one job, in the order in which things ended
std::vector<HostWork> by_host(const std::vector<TimelineRow>& rows) {
  const RunClock clock(rows);
  std::map<std::string, HostWork> hosts;
  for (const auto& worker : worker_times(rows, clock)) {
    auto& host = hosts[worker.host];
    host.host = worker.host;
    host.job_s = clock.total_s();
    ++host.workers;
    host.done += worker.done;
    host.setbacks += worker.failed;
    host.busy_s += worker.busy_s;
  }
  std::vector<HostWork> all;
  for (auto& [name, host] : hosts) all.push_back(std::move(host));
  return all;
}

std::vector<HostWork> hosts_of_last_job(std::vector<TimelineRow> rows) {
  const auto began = std::ranges::find(rows.rbegin(), rows.rend(), TimelineKind::job, &TimelineRow::kind);
  if (began != rows.rend()) rows.erase(rows.begin(), began.base() - 1);
  return by_host(rows);
}

/// @throws InputError: no such column, or no number there
std::vector<std::size_t> rows_best_first(const CsvTable& front) {
  const auto column = front.column("metric_val");
  std::vector<std::size_t> rows(front.rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::ranges::stable_sort(rows, std::ranges::greater{}, [&](std::size_t r) { return front.number(r, column); });
  return rows;
}

}  // namespace

RunOutlook look_at(const RunPaths& paths) {
  RunOutlook run{.folder = paths.folder.string(), .state = "unknown"};
  const auto status = if_legible([&] { return read_status(paths); });
  if (!status || !take_status(*status, run)) {
    if (const auto tally = if_legible([&] { return Journal::tally(paths.journal()); }))
      run.done = tally->done, run.failed = tally->failed;
  } else if (auto lost = if_legible([&] { return lost_workers(*status); })) {
    run.lost = std::move(*lost);
  }
  run.generations = if_legible([&] { return generations_of(paths); }).value_or(std::nullopt);
  if (run.generations && run.generation > *run.generations)
    run.generations.reset();  // of candidates, as simulations are
  if (auto rows = if_legible([&] { return read_timeline(paths.timeline()); })) {
    run.energies = worker_energies(*rows);
    run.hosts = hosts_of_last_job(std::move(*rows));
  }
  if (std::filesystem::exists(paths.front())) run.front = if_legible([&] { return CsvTable::read(paths.front()); });
  if (run.front && run.front->rows() == 0) run.front.reset();
  if (run.front) {
    if (auto rows = if_legible([&] { return rows_best_first(*run.front); })) run.best_first = std::move(*rows);
    if (run.best_first.empty()) run.front.reset();
  }
  if (std::filesystem::exists(paths.hypervolume()))
    if (const auto file = if_legible([&] { return HypervolumeFile::read(paths.hypervolume()); });
        file && !file->rows.empty())
      run.hypervolume = file->rows.back().hypervolume;
  return run;
}

}  // namespace harmonic
