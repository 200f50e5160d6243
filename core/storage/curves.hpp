#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace harmonic {

/// Seconds since 1970.
[[nodiscard]] double wall_time_s();

/// What was measured at one step.
struct CurveRow {
  std::int64_t step = 0;
  std::vector<std::optional<double>> values;  ///< [curve]; nothing: not measured there
  double wall_time_s = 0;                     ///< when, in seconds since 1970; no table tells it
};

/// Curves over one axis: what was measured of a training, or of a search, step by step.
struct Curves {
  std::string axis;                ///< what the steps count: "epoch"
  std::vector<std::string> names;  ///< "loss_train"; "search/loss_train", where a group of them stands together
  std::vector<CurveRow> rows;      ///< by step, ascending

  /// {axis, names…}: a row a step, a column a curve; an empty cell where nothing was measured.
  /// @param left_out curves that another table has
  [[nodiscard]] std::string csv(const std::set<std::string>& left_out = {}) const;
  /// The rows of such a table, without times. @throws InputError when it has not these very columns, or cannot be read
  void read(const std::filesystem::path& path, const std::set<std::string>& left_out = {});
};

/// All curves of tables over one axis, one beside the other; times are left out. @param tables one or more
[[nodiscard]] Curves side_by_side(const std::vector<Curves>& tables);

}  // namespace harmonic
