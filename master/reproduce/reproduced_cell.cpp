#include "master/reproduce/reproduced_cell.hpp"

#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace harmonic {
namespace {

/// As the tables print it: metrics and counts are rounded, costs cut.
double as_printed(const ReproducedCell& cell, double value) {
  return cell.is_cost() ? as_published(value) : std::round(100 * value) / 100;
}

bool equals_published(const ReproducedCell& cell, double value) {
  constexpr double kRounding = 1e-6;
  return std::abs(as_printed(cell, value) - *cell.published) < kRounding;
}

double hypotenuse(double a, double b) {
  return std::sqrt(a * a + b * b);
}

}  // namespace

MeanInterval ReproducedCell::measured() const {
  std::vector<double> all;
  for (const auto& [seed, measurement] : values) all.push_back(measurement.value);
  return mean_interval(all);
}

std::optional<Interval> ReproducedCell::test() const {
  if (values.empty()) return std::nullopt;
  Interval mean;
  for (const auto& [seed, measurement] : values) {
    if (!measurement.test) return std::nullopt;
    mean.low += measurement.test->low / static_cast<double>(values.size());
    mean.high += measurement.test->high / static_cast<double>(values.size());
  }
  return mean;
}

std::optional<Interval> ReproducedCell::interval() const {
  const auto over_seeds = measured();
  const auto of_test = test();
  if (!of_test && !over_seeds.half_width) return std::nullopt;
  const double seeds = over_seeds.half_width.value_or(0), mean = over_seeds.mean;
  return Interval{mean - hypotenuse(seeds, of_test ? mean - of_test->low : 0),
                  mean + hypotenuse(seeds, of_test ? of_test->high - mean : 0)};
}

std::string ReproducedCell::remarks() const {
  std::vector<std::string> words;
  if (!note.empty()) words.push_back(note);
  for (const auto& [seed, measurement] : values)
    if (!measurement.words.empty()) words.push_back(fmt::format("seed {}: {}", seed, measurement.words));
  return join(words, "; ");
}

Verdict judge(const ReproducedCell& cell, std::optional<DataOrigin> data) {
  if (!cell.published) return Verdict::none;
  if (cell.values.empty() || cell.other_device) return Verdict::no_data;
  if (cell.is_metric() && data == DataOrigin::stand_in) return Verdict::stand_in;
  if (cell.is_metric() && data != DataOrigin::published) return Verdict::other_data;
  const double mean = cell.measured().mean, published = *cell.published;
  if (equals_published(cell, mean)) return Verdict::reproduced;
  if (cell.quantity.starts_with(kSum)) return Verdict::differs;
  if (const auto joint = cell.interval(); joint && joint->low <= published && published <= joint->high)
    return Verdict::within;
  if (cell.is_metric()) return mean > published ? Verdict::better : Verdict::differs;
  if (cell.is_cost()) return mean < published ? Verdict::better : Verdict::differs;
  return Verdict::differs;
}

std::string verdict_rule() {
  return "verdict: reproduced: measured, as the table prints it, is published (two decimals, costs cut, metrics "
         "rounded); within the interval: published lies in the joint 95 % interval, of the seeds and of the number of "
         "test samples (half widths added as squares); better, differs: it lies beyond, measured being the better or "
         "the worse one (counts and sums: not equal); no data: nothing is measured, or on another device; stand-in, "
         "other data: by its provenance and the size of its test split the data set is not the table's, and metrics "
         "are not judged; none: nothing is published";
}

}  // namespace harmonic
