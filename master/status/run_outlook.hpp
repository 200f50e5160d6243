#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/storage/csv.hpp"
#include "master/report/energy_use.hpp"
#include "master/run/run_paths.hpp"
#include "master/run/run_status.hpp"

namespace harmonic {

/// What the workers of one machine did in a run's last job.
struct HostWork {
  std::string host;
  int workers = 0;    ///< that have ended a piece of work there, or were lost
  int done = 0;       ///< pieces of work
  int setbacks = 0;   ///< pieces that failed, and tries
  double busy_s = 0;  ///< of the workers together
  double job_s = 0;   ///< that the job has run, until its last event

  /// 0 … 1, of the workers' time
  [[nodiscard]] double busy() const { return workers > 0 && job_s > 0 ? busy_s / (workers * job_s) : 0; }
};

/// How a run is, as its folder tells it: status.json, timeline.csv, front.csv, hypervolume.csv, and where there is no
/// status.json that can be read, the journal. Read while the run goes on, from any machine that sees the folder:
/// nothing is locked, nothing is written.
struct RunOutlook {
  std::string folder;
  std::string state;                        ///< "running", "stopped", "finished", "failed"; "unknown": it does not say
  std::optional<int> exit_code;             ///< once it has ended
  int generation = 0;                       ///< finished
  std::optional<int> generations;           ///< asked for, of a search
  int done = 0, failed = 0;                 ///< pieces of work, of the run
  int retried = 0, lost_workers = 0;        ///< of its last job
  double utilisation = 0;                   ///< 0 … 1, likewise
  std::optional<int> workers, busy;         ///< now, while it runs
  std::optional<double> seconds_left = {};  ///< likewise, where that is known
  std::vector<LostWorker> lost;
  std::vector<HostWork> hosts;         ///< by name
  std::vector<WorkerEnergy> energies;  ///< of the run; none: not measured
  std::optional<CsvTable> front;
  std::vector<std::size_t> best_first;  ///< its rows, by metric_val
  std::optional<double> hypervolume;    ///< of the front when the last generation ended
  std::optional<double> silent_s;       ///< it says that it runs, but gave no sign of life for so long

  [[nodiscard]] bool has_ended() const { return state != "running" && state != "unknown"; }
};

/// But for silent_s, which takes more than one look. What cannot be read at this moment is left out.
/// @throws InputError as run_in()
[[nodiscard]] RunOutlook look_at(const RunPaths& paths);

/// For people, many lines.
[[nodiscard]] std::string to_text(const RunOutlook& run);
/// The keys of status.json, and "run", "silent_s" (null while it lives), "generations", "hosts", "energy" (kWh a
/// worker and kind of work; null: not measured), "front" (ids), "hypervolume".
[[nodiscard]] nlohmann::ordered_json to_json(const RunOutlook& run);

}  // namespace harmonic
