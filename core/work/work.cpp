#include "core/work/work.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/overloaded.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace {

/// "model 7", "models 7, 9 and 12"
std::string models_of(const SearchFusion& work) {
  std::vector<std::string> ids;
  for (const auto& candidate : work.candidates) ids.push_back(std::to_string(candidate.candidate.value));
  if (ids.size() == 1) return "model " + ids.front();
  const auto last = std::move(ids.back());
  ids.pop_back();
  return fmt::format("models {} and {}", join(ids, ", "), last);
}

}  // namespace

int parts_of(const Work& work) {
  const auto* search = std::get_if<SearchFusion>(&work);
  return search == nullptr ? 1 : static_cast<int>(search->candidates.size());
}

bool is_late_fusion(const Work& work) {
  const auto* search = std::get_if<SearchFusion>(&work);
  return search != nullptr &&
         std::ranges::all_of(search->candidates, [](const auto& c) { return c.genome.macro.cells == 0; });
}

std::string describe(const Work& work) {
  return std::visit(
      Overloaded{[](const EvaluateBackbones& w) {
                   return fmt::format("evaluation of {} backbones of modality {}", w.genomes.size(), w.modality);
                 },
                 [](const SearchFusion& w) {
                   return fmt::format("{} of {}", is_late_fusion(w) ? "late fusion" : "fusion search", models_of(w));
                 },
                 [](const RetrainModel& w) {
                   return fmt::format("retraining {} of model {}", w.repeat + 1, w.candidate.value);
                 },
                 [](const TestModel& w) { return fmt::format("test of model {}", w.candidate.value); }},
      work);
}

std::string to_text(FailureKind kind) {
  switch (kind) {
    case FailureKind::candidate:
      return "candidate";
    case FailureKind::input:
      return "input";
    case FailureKind::worker:
      break;
  }
  return "worker";
}

}  // namespace harmonic
