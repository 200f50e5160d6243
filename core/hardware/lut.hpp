#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/hardware/quantity.hpp"

namespace harmonic {

/// What running something once (batch 1) costs: a value a quantity, in their units.
class Cost {
 public:
  /// Nothing: 0 of everything.
  Cost() { values_.fill(0.0); }
  /// In the order of kQuantities. What is left out is absent.
  Cost(std::initializer_list<std::optional<double>> values) { std::ranges::copy(values, values_.begin()); }
  /// Of what the device cannot run: everything is infinite, and so is every sum that it is part of.
  [[nodiscard]] static Cost unsupported() {
    Cost cost;
    cost.values_.fill(std::numeric_limits<double>::infinity());
    return cost;
  }
  [[nodiscard]] bool is_supported() const { return values_[kLatency] != std::numeric_limits<double>::infinity(); }

  /// Of kQuantities[quantity]; absent where the table has none: nothing could be measured.
  [[nodiscard]] const std::optional<double>& operator[](std::size_t quantity) const { return values_[quantity]; }
  [[nodiscard]] std::optional<double>& operator[](std::size_t quantity) { return values_[quantity]; }
  [[nodiscard]] double latency_ms() const { return values_[kLatency].value(); }
  [[nodiscard]] const std::optional<double>& energy_mj() const { return values_[kEnergy]; }

  /// A sum lacks what a part lacks.
  Cost& operator+=(const Cost& other) {
    for (std::size_t q = 0; q < values_.size(); ++q)
      values_[q] = values_[q] && other[q] ? std::optional(*values_[q] + *other[q]) : std::nullopt;
    return *this;
  }
  friend Cost operator+(Cost a, const Cost& b) { return a += b; }
  bool operator==(const Cost&) const = default;

 private:
  PerQuantity<std::optional<double>> values_;
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

/// A device's look-up table: layer key -> cost. Keys as in the published tables. A row may say that the device cannot
/// run the layer: {"unsupported": true} (Cost::unsupported).
class LookUpTable {
 public:
  /// Of a cost, ms or mJ: decades of either. Sums and ratios of more would not stay finite.
  static constexpr double kHighestCost = 1e12;

  LookUpTable() = default;
  /// Reads the project's form, or the published one (key -> {"lat", "enrg"}, numbers or strings). Several files become
  /// one table. @throws InputError naming file and key: unreadable, negative or beyond kHighestCost, two files that
  /// disagree.
  static LookUpTable load(const std::vector<std::filesystem::path>& paths);

  /// @throws InputError as lacks(), with the command that adds a measured row
  [[nodiscard]] const Cost& at(const std::string& key) const;
  /// The error for a key that is not there: names key, table and nearest key, and ends with what makes the row.
  /// @param mend "model it with: harmonic lut model …"
  [[nodiscard]] InputError lacks(const std::string& key, std::string_view mend) const;
  [[nodiscard]] bool contains(const std::string& key) const { return rows_.contains(key); }
  [[nodiscard]] const std::map<std::string, Cost>& rows() const { return rows_; }
  [[nodiscard]] const LutProvenance& provenance() const { return provenance_; }
  [[nodiscard]] const std::string& name() const { return name_; }  ///< for messages: the files it was read from
  [[nodiscard]] bool has(std::size_t quantity) const;              ///< every row has one

  void set(const std::string& key, Cost cost) { rows_[key] = cost; }
  /// Those that another table has, too.
  void remove_rows_of(const LookUpTable& other) {
    std::erase_if(rows_, [&](const auto& row) { return other.contains(row.first); });
  }
  void set_provenance(LutProvenance provenance) { provenance_ = std::move(provenance); }
  void save(const std::filesystem::path& path) const;  ///< the project's JSON form, atomically

 private:
  std::map<std::string, Cost> rows_;
  LutProvenance provenance_;
  std::string name_;
};

}  // namespace harmonic
