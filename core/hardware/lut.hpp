#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harmonic {

/// What running something once (batch 1) costs.
struct Cost {
  double latency_ms = 0;
  std::optional<double> energy_mj = 0.0;  ///< absent where the table has none: nothing could be measured

  Cost& operator+=(const Cost& other) {
    latency_ms += other.latency_ms;
    energy_mj = energy_mj && other.energy_mj ? std::optional(*energy_mj + *other.energy_mj) : std::nullopt;
    return *this;
  }
  friend Cost operator+(Cost a, const Cost& b) { return a += b; }
};

/// Where a table's numbers come from; stored in the table file.
struct LutProvenance {
  std::string device;    ///< "Jetson TX2"
  std::string origin;    ///< "measured" | "modelled" | "imported"
  std::string date;      ///< ISO 8601
  std::string tool;      ///< program and version that wrote the table
  std::string settings;  ///< how: clocks, batch, repetitions, model parameters, source files
};

/// "harmonic 0.1.0": this program and its version, for the provenance of what it writes.
[[nodiscard]] std::string tool_name();

/// A device's look-up table: layer key -> latency (ms) and energy (mJ), batch 1. Keys as in the published tables.
class LookUpTable {
 public:
  LookUpTable() = default;
  /// Reads the project's form, or the published one (key -> {"lat", "enrg"}, numbers or strings). Several files become
  /// one table. @throws InputError naming file and key: unreadable, negative or not finite, two files that disagree.
  static LookUpTable load(const std::vector<std::filesystem::path>& paths);

  [[nodiscard]] const Cost& at(const std::string& key) const;  ///< @throws InputError naming key, table, nearest key
  [[nodiscard]] bool contains(const std::string& key) const { return rows_.contains(key); }
  [[nodiscard]] const std::map<std::string, Cost>& rows() const { return rows_; }
  [[nodiscard]] const LutProvenance& provenance() const { return provenance_; }
  [[nodiscard]] const std::string& name() const { return name_; }  ///< for messages: the files it was read from
  [[nodiscard]] bool has_energy() const;                           ///< every row has one

  void set(const std::string& key, Cost cost) { rows_[key] = cost; }
  void set_provenance(LutProvenance provenance) { provenance_ = std::move(provenance); }
  void save(const std::filesystem::path& path) const;  ///< the project's JSON form, atomically

 private:
  std::map<std::string, Cost> rows_;
  LutProvenance provenance_;
  std::string name_;
};

}  // namespace harmonic
