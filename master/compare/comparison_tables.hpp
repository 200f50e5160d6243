#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "master/compare/comparison.hpp"

namespace harmonic {

/// A table with a header, in words that are the same on the terminal and on a page.
using TextTable = std::vector<std::vector<std::string>>;

/// A row a run: letter, folder, seed, state, models on its front and on the joint one, hypervolume, best metrics.
[[nodiscard]] TextTable runs_table(const Comparison& comparison);
/// A row a run: percent of every other run's front that its own covers.
[[nodiscard]] TextTable coverage_table(const Comparison& comparison);
/// The models that none of any run dominates, best validation metric first.
[[nodiscard]] TextTable joint_front_table(const Comparison& comparison);
/// Of runs that differ by their seed alone: mean, its 95 % interval, lowest and highest. A header alone: there are
/// none.
[[nodiscard]] TextTable seeds_table(const Comparison& comparison);
/// A row a run: dominated rows and the three headline ratios; then one for each run and published row. Needs a
/// published table.
[[nodiscard]] TextTable headline_table(const Comparison& comparison);
[[nodiscard]] TextTable published_table(const Comparison& comparison);

/// What the tables' words mean, a sentence each.
[[nodiscard]] std::string axes_text(const Comparison& comparison);
[[nodiscard]] std::string coverage_text();
[[nodiscard]] std::string published_text(const Comparison& comparison);

/// All of it for the terminal.
[[nodiscard]] std::string comparison_text(const Comparison& comparison);
/// Every model of every front, and the published rows: run, path, model, dominated_by (letters of runs), then columns
/// as front.csv has them; costs of the compared devices.
[[nodiscard]] std::string comparison_csv(const Comparison& comparison);
[[nodiscard]] nlohmann::ordered_json comparison_json(const Comparison& comparison);

}  // namespace harmonic
