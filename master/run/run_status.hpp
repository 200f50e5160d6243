#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/base/error.hpp"
#include "core/base/ids.hpp"
#include "core/work/clock.hpp"

namespace harmonic {

/// A worker that a run goes on without.
struct LostWorker {
  Rank rank;
  std::string host;
  std::string reason;  ///< "has been silent for 30 s"

  bool operator==(const LostWorker&) const = default;
};

/// How a run is, for scripts.
struct RunStatus {
  std::optional<ExitCode> exit_code = {};   ///< once it has ended
  int generation = 0;                       ///< generations finished
  int done = 0, failed = 0;                 ///< pieces of work, of the run
  int retried = 0;                          ///< likewise, by this job
  int lost_workers = 0;                     ///< one that came back stays counted
  double utilisation = 0;                   ///< 0 … 1, share of the workers' time that was work
  int workers = 0, busy = 0;                ///< that are here now, and at work
  std::optional<double> seconds_left = {};  ///< none: not known yet
  std::vector<LostWorker> lost = {};        ///< those that are lost now

  bool operator==(const RunStatus&) const = default;
};

/// One object: {"state": "running|stopped|finished|failed", "exit_code": n, "generation": g, "done": n, "failed": n,
/// "retried": n, "lost_workers": n, "utilisation": u, "workers": n, "busy": n, "seconds_left": s or null, "lost":
/// [{"rank": r, "host": h, "reason": text}, …]}; no "exit_code" while it runs.
[[nodiscard]] std::string status_json(const RunStatus& status);

/// Who is "lost" by a status file; nobody where there is none. @throws InputError when it is none
[[nodiscard]] std::vector<LostWorker> lost_workers(const std::filesystem::path& status);
/// By what it holds. @throws nlohmann::json::exception when that is none
[[nodiscard]] std::vector<LostWorker> lost_workers(const nlohmann::json& status);

/// The longest time between two touches of a status file while its run lives, in seconds: show() is called as often.
inline constexpr double kStatusBeat_s = 5;

/// The file that tells it, replaced as a whole: at once when the run ends, a generation does or a worker is lost, else
/// at most once a second when something changed, and while the run lives every kStatusBeat_s in any case, as a sign of
/// life for who looks in from elsewhere. A file that cannot be written costs a warning, not the run.
class StatusFile {
 public:
  explicit StatusFile(std::filesystem::path path, Clock clock = steady_clock());

  void show(const RunStatus& status);

 private:
  std::filesystem::path path_;
  Clock clock_;
  std::optional<RunStatus> shown_;
  double shown_s_ = 0;
  bool warned_ = false;
};

}  // namespace harmonic
