#include "core/work/answer_check.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "core/hardware/fusion_operators.hpp"

namespace harmonic {
namespace {

bool is_percent(double metric) {
  return std::isfinite(metric) && metric >= 0 && metric <= 100;
}

std::string bad_metric(double metric) {
  return is_percent(metric) ? "" : fmt::format("a metric of {} percent", metric);
}

std::string bad_interval(const std::optional<Interval>& interval) {
  return !interval || (is_percent(interval->low) && is_percent(interval->high) && interval->low <= interval->high)
             ? ""
             : fmt::format("an interval of {} to {} percent", interval->low, interval->high);
}

bool is_operator(const std::string& name) {
  static const auto known = fusion_operators();
  return std::ranges::find(known, name) != known.end();
}

constexpr int kMostStates = 1'000'000;  // far more than any network has: a number beyond it is damage

/// Whether both are among the first `states` ones.
bool among(int states, int first, int second) {
  return first >= 0 && first < states && second >= 0 && second < states;
}

/// The network's states are its inputs and its cells; the last of them are joined, so that the last one joined tells
/// how many inputs there are: two at least, a backbone offers one at least.
/// @param expected_inputs 0: unknown
std::string bad_genotype(const Genotype& genotype, const MultimodalGenome& genome, int expected_inputs) {
  if (genome.macro.cells == 0 || genotype.late != LateFusion::none)
    return genotype == Genotype{{}, {}, late_fusion_of(genome.macro)} && genotype.late != LateFusion::none
               ? ""
               : "a genotype that is no such late fusion";
  const auto [cells, nodes] = genome.macro;
  const bool fits = genotype.cells.size() == static_cast<std::size_t>(cells) &&
                    std::ranges::all_of(genotype.cells, [most = static_cast<std::size_t>(nodes)](const auto& cell) {
                      return !cell.steps.empty() && cell.steps.size() <= most;
                    });
  if (!fits) return "a genotype of another macro-architecture";
  for (const auto& op : operators_of(genotype))
    if (!is_operator(op)) return fmt::format("a genotype with an operator '{}'", op);
  const auto& joined = genotype.concat;
  if (joined.empty() || !std::ranges::all_of(joined, [](int state) { return state >= 0 && state < kMostStates; }) ||
      std::ranges::adjacent_find(joined, [](int a, int b) { return b != a + 1; }) != joined.end())
    return "a genotype that joins states that are not its last";
  const int inputs = joined.back() + 1 - cells;
  const int least = std::max(2, static_cast<int>(genome.backbones.size()));
  if (expected_inputs > 0 ? inputs != expected_inputs : inputs < least)
    return fmt::format("a genotype of {} inputs", inputs);
  for (int c = 0; c < cells; ++c) {
    const auto& cell = genotype.cells[static_cast<std::size_t>(c)];
    if (!among(inputs + c, cell.first, cell.second)) return "a genotype that reads a state that is not there";
    int inner = 2;
    for (const auto& step : cell.steps)
      if (!among(inner++, step.first, step.second)) return "a genotype that reads a state that is not there";
  }
  return "";
}

std::string check(const EvaluateBackbones& work, const BackboneScores& scores, int) {
  if (scores.metric.size() != work.genomes.size())
    return fmt::format("{} scores for {} backbones", scores.metric.size(), work.genomes.size());
  const auto bad = std::ranges::find_if_not(scores.metric, is_percent);
  return bad == scores.metric.end() ? "" : bad_metric(*bad);
}

std::string check(const FusionCandidate& candidate, const FusionScore& score, int inputs) {
  if (auto bad = bad_genotype(score.genotype, candidate.genome, inputs); !bad.empty()) return bad;
  if (!std::ranges::all_of(score.architecture, [](float v) { return std::isfinite(v); }))
    return "architecture parameters that are no numbers";
  if (auto bad = bad_metric(score.metric_val); !bad.empty()) return bad;
  if (auto bad = bad_interval(score.test_interval); !bad.empty()) return bad;
  return score.metric_test ? bad_metric(*score.metric_test) : "";
}

std::string check(const SearchFusion& work, const FusionScores& found, int inputs) {
  if (found.scores.size() != work.candidates.size())
    return fmt::format("{} scores for {} models", found.scores.size(), work.candidates.size());
  for (std::size_t i = 0; i < found.scores.size(); ++i)
    if (auto bad = check(work.candidates[i], found.scores[i], inputs); !bad.empty()) return bad;
  return "";
}

std::string check(const RetrainModel&, const RetrainScore& score, int) {
  return bad_metric(score.metric_val);
}

std::string check(const TestModel&, const TestScore& score, int) {
  const auto bad = bad_metric(score.metric_test);
  return bad.empty() ? bad_interval(score.interval) : bad;
}

template <class W, class O>
std::string check(const W&, const O&, int) {
  return "an answer of another kind";
}

}  // namespace

std::string AnswerCheck::why_nonsense(const Work& work, const Outcome& outcome) const {
  if (std::holds_alternative<Failure>(outcome)) return "";
  return std::visit([this](const auto& w, const auto& o) { return check(w, o, fusion_inputs_); }, work, outcome);
}

}  // namespace harmonic
