#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/hardware/bound.hpp"
#include "core/storage/csv.hpp"

namespace harmonic {

/// The column of what the test split, by which nothing else is chosen, says of a model.
inline constexpr std::string_view kTestMetric = "metric_test";

/// What a user wants of a front.
struct SelectionWish {
  std::vector<Bound> bounds;
  /// A column that is to be as good as can be: metrics are maximised, others minimised, but for one with ":max" or
  /// ":min" behind its name. Empty: the knee.
  std::string best;
};

/// What the chosen model is in one column beside the front's best.
struct GivenUp {
  std::string column;
  bool is_objective = false;  ///< of the run
  double value = 0, best = 0;
  std::string best_model;  ///< its id
  double loss = 0;         ///< how much worse `value` is, at least 0
};

struct Selection {
  std::size_t row = 0;               ///< of the front
  std::string model;                 ///< its id
  std::vector<std::size_t> allowed;  ///< rows within all bounds
  std::vector<std::string> objectives;
  std::vector<GivenUp> given_up;  ///< objectives first, then what was asked for, then whatever else models cost
};

/// Chooses a model of a run's front. Of several that are equally good by the wish it is the one nearest to the knee of
/// those within the bounds, then the first of the table; an empty cell is within no bound and never the best.
/// @param front front.csv, a row at least; the run's hypervolume.csv beside it tells its objectives
/// @throws InputError: a column that is not there, is empty or holds no numbers; no model within the bounds, with the
///   least or most that each column can be
[[nodiscard]] Selection select_model(const CsvTable& front, const SelectionWish& wish);

}  // namespace harmonic
