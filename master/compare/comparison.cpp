#include "master/compare/comparison.hpp"

#include <algorithm>
#include <ranges>

#include "core/pareto/fronts.hpp"
#include "core/pareto/hypervolume.hpp"
#include "core/pareto/set_coverage.hpp"

namespace harmonic {
namespace {

/// The reference with what is maximised turned, as points are.
Objectives minimised(const HypervolumeAxes& axes) {
  auto reference = axes.reference;
  for (std::size_t c = 0; c < reference.size(); ++c)
    if (is_maximised(axes.columns[c])) reference[c] = 0 - reference[c];  // no -0
  return reference;
}

std::vector<std::vector<std::string>> dominated_by(const std::vector<std::vector<Objectives>>& points, std::size_t run,
                                                   const std::vector<ComparedRun>& runs) {
  std::vector<std::vector<std::string>> letters;
  for (const auto& point : points[run]) {
    auto& of_model = letters.emplace_back();
    for (std::size_t other = 0; other < points.size(); ++other)
      if (std::ranges::any_of(points[other], [&](const Objectives& p) { return dominates(p, point); }))
        of_model.push_back(runs[other].letter);
  }
  return letters;
}

/// Runs that read the same and were told the same, but for the seed. A seed's second run adds nothing.
std::vector<std::vector<std::size_t>> seed_groups(const std::vector<ComparedRun>& runs) {
  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    if (!runs[r].settings || runs[r].inputs.empty()) continue;
    const auto same = std::ranges::find_if(groups, [&](const auto& group) {
      const auto& first = runs[group.front()];
      return first.settings == runs[r].settings && first.inputs == runs[r].inputs;
    });
    if (same == groups.end())
      groups.push_back({r});
    else if (std::ranges::none_of(*same, [&](std::size_t other) { return runs[other].seed == runs[r].seed; }))
      same->push_back(r);
  }
  std::erase_if(groups, [](const auto& group) { return group.size() < 2; });
  return groups;
}

SeedGroup spread_of(const std::vector<std::size_t>& group, const Comparison& comparison) {
  SeedGroup spread{group, {}};
  const auto add = [&](const char* quantity, const auto& value) {
    std::vector<double> values;
    for (const std::size_t r : group)
      if (const std::optional<double> of_run = value(r)) values.push_back(*of_run);
    if (values.size() == group.size()) spread.spreads.push_back({quantity, mean_interval(values)});
  };
  const auto& runs = comparison.runs;
  add("hypervolume", [&](std::size_t r) { return runs[r].hypervolume; });
  add("best metric_val", [&](std::size_t r) { return runs[r].best_val; });
  add("best metric_test", [&](std::size_t r) { return runs[r].best_test; });
  add("models", [&](std::size_t r) { return static_cast<double>(comparison.of.runs[r].results.front.size()); });
  return spread;
}

}  // namespace

std::size_t RunComparison::on_joint_front() const {
  return static_cast<std::size_t>(std::ranges::count_if(dominated_by, [](const auto& by) { return by.empty(); }));
}

Comparison compare_runs(ComparedRuns compared) {
  Comparison comparison{std::move(compared), {}, {}, {}};
  const auto& runs = comparison.of.runs;
  std::vector<std::vector<Objectives>> points;
  for (std::size_t r = 0; r < runs.size(); ++r) points.push_back(comparison.of.points(r));
  const auto reference = minimised(comparison.of.axes);
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const auto& front = runs[r].results.front;
    RunComparison run;
    run.hypervolume = hypervolume(points[r], reference);
    run.best_val = std::ranges::max(front | std::views::transform(&ReportedModel::metric_val));
    run.best_test = std::ranges::max(front | std::views::transform(&ReportedModel::metric_test));
    run.dominated_by = dominated_by(points, r, runs);
    if (const auto& published = comparison.of.published)
      run.published =
          against_published(runs[r].results, device_place(runs[r].results, published->device), *published->table);
    comparison.runs.push_back(std::move(run));
    auto& row = comparison.coverage.emplace_back();
    for (const auto& other : points) row.push_back(set_coverage(points[r], other));
  }
  for (const auto& run : runs)
    if (const auto& by = comparison.runs[static_cast<std::size_t>(&run - runs.data())].published; by && !by->has_test)
      comparison.of.notes.push_back(
          run.letter + " has not read the test split yet: of published rows, which are of test, nothing is said");
  for (const auto& group : seed_groups(runs)) comparison.seeds.push_back(spread_of(group, comparison));
  return comparison;
}

}  // namespace harmonic
