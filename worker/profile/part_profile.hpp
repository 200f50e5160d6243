#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/statistics.hpp"
#include "core/hardware/device_model.hpp"
#include "core/hardware/energy_meter.hpp"
#include "core/storage/conditions.hpp"
#include "worker/profile/latency_timer.hpp"

namespace harmonic {

/// What was measured of every row, visit by visit: in a file, so that a killed profile goes on where it was.
class VisitRecord {
 public:
  /// Goes on with what the file holds. A file that is none is begun anew.
  /// @throws InputError when it was measured under other conditions, RunError when the disk refuses
  VisitRecord(std::filesystem::path file, const Conditions& conditions);

  struct Visits {
    std::vector<double> ms;           ///< in the order of time
    std::optional<double> energy_mj;  ///< of one run
  };
  [[nodiscard]] const Visits& of(const std::string& key) const;
  /// Adds a round of visits, on disk first.
  void add_visits(const std::vector<std::pair<std::string, double>>& ms);
  void add_energy(const std::string& key, double mj);
  [[nodiscard]] int rounds() const { return rounds_; }
  void remove();  ///< the file

 private:
  void take(const std::string& line);
  void append(const std::string& text);

  std::filesystem::path file_;
  std::map<std::string, Visits> visits_;
  int rounds_ = 0;
};

/// When a row is measured well enough.
struct ProfileLimits {
  double interval = 0.03;  ///< half width of the median's 95 % interval, over the median
  int fewest_rounds = 24;
  int most_rounds = 300;
  double shortest_s = 0;  ///< clocks of processors swing within a minute
  double time_s = 300;
};

/// One row of the table to be.
struct PartMeasurement {
  double median_ms = 0;
  std::optional<Interval> interval_ms;  ///< 95 % interval of the median
  int visits = 0;
  /// Median of the second half of the visits over that of the first.
  double second_over_first = 1;
  std::optional<double> energy_mj;

  static constexpr double kSteady = 0.10;  ///< more than that apart a row is flagged
  [[nodiscard]] bool is_steady() const;
  [[nodiscard]] bool is_within(double interval) const;
};
/// @param visits one at least
[[nodiscard]] PartMeasurement summarise(const VisitRecord::Visits& visits);

struct ProfileHooks {
  std::function<void(const std::string& text, double share)> progress;
  std::function<bool()> stop;
};

/// Measures every row of the scope until it is known well enough, or a limit is reached.
/// @param meter of the energy, or null @return whether it was not stopped
bool profile_parts(const TableScope& scope, const RunConditions& conditions, const ProfileLimits& limits,
                   EnergyMeter* meter, VisitRecord& record, const ProfileHooks& hooks);

}  // namespace harmonic
