#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/choices.hpp"
#include "core/base/ids.hpp"
#include "core/work/clock.hpp"
#include "core/work/work.hpp"

namespace harmonic {

/// What happened.
enum class TimelineKind {
  job,         ///< one of the run began: at first, and with every --resume
  generation,  ///< one ended
  backbones,   ///< a worker did a piece of work: from here on, by its kind
  search,
  late_fusion,
  retraining,
  test,
  failed,     ///< a piece of work has failed for good on this worker
  retry,      ///< a try of one failed, or was lost with its worker; another one followed
  lost,       ///< a worker was silent, or stuck, from then on until it did something again
  set_aside,  ///< a worker was of no use any more
};
inline const Choices<TimelineKind> kTimelineKinds = {
    {"job", TimelineKind::job},
    {"generation", TimelineKind::generation},
    {"backbones", TimelineKind::backbones},
    {"search", TimelineKind::search},
    {"late_fusion", TimelineKind::late_fusion},
    {"retraining", TimelineKind::retraining},
    {"test", TimelineKind::test},
    {"failed", TimelineKind::failed},
    {"retry", TimelineKind::retry},
    {"lost", TimelineKind::lost},
    {"set_aside", TimelineKind::set_aside},
};
/// Which of them a piece of work is when it is done.
[[nodiscard]] TimelineKind kind_of(const Work& work);

struct TimelineRow {
  double began_s = 0, ended_s = 0;  ///< seconds since 1970 by the master's clock; equal of what takes no time
  TimelineKind kind = TimelineKind::job;
  Rank rank;          ///< of the worker; of a job and a generation the master's
  std::string host;   ///< the worker's
  std::string about;  ///< the work, a worker's fault, a generation's number: one line
  /// Of a piece of work that was done, or failed for good: what the worker drew, its part of a meter that several
  /// share.
  std::optional<MeasuredEnergy> energy = {};

  bool operator==(const TimelineRow&) const = default;
};

/// timeline.csv of a run: who did what, and when, in the order in which it ended; rows of the run's earlier jobs stay.
/// Columns: began_s, ended_s, kind, rank, host, about, energy_j, waited_j (empty: not measured). Nothing is computed
/// from it, and it is not flushed to the disk row by row, as the journal is. @throws InputError when it is not what a
/// run writes; empty where there is none
[[nodiscard]] std::vector<TimelineRow> read_timeline(const std::filesystem::path& path);

/// Writes it. A file that cannot be written costs a warning, not the run.
class TimelineFile {
 public:
  /// The file is made, or gone on with, by the first write().
  explicit TimelineFile(std::filesystem::path path, Clock clock = steady_clock());

  void add(TimelineRow row) { waiting_.push_back(std::move(row)); }
  /// Puts what waits behind what is there, at most once a second; `now`: in any case.
  void write(bool now = false);

 private:
  std::filesystem::path path_;
  Clock clock_;
  std::vector<TimelineRow> waiting_;
  double written_s_ = 0;
  bool begun_ = false;  ///< the file holds whole rows alone
  bool warned_ = false;
};

}  // namespace harmonic
