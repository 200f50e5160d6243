#include "master/simulate/made_up_answers.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/overloaded.hpp"
#include "core/base/rng.hpp"
#include "core/space/late_fusion.hpp"
#include "master/sweep/sweep_table.hpp"

namespace harmonic {
namespace {

std::uint64_t key_of(const MultimodalGenome& genome) {
  std::string text = fmt::format("{} {}", genome.macro.cells, genome.macro.nodes);
  for (const auto& backbone : genome.backbones) text += ' ' + to_text(canonical(backbone));
  return hash64(text);
}

/// Active channels, beside those of the largest network.
double size_of(const BackboneGenome& genome, const BackboneSpace& space) {
  const auto sum = [](const BackboneGenome& of) {
    const auto active = canonical(of);
    return std::accumulate(active.expand.begin(), active.expand.end(), 0.0);
  };
  const double largest = sum(largest_genome(space));
  return largest > 0 ? sum(genome) / largest : 1;
}

}  // namespace

MadeUpAnswers::MadeUpAnswers(const SimulateSettings& settings)
    : settings_(settings.searched()),
      fusion_(settings_.fusion_in_force()),
      seed_{settings_.seed},
      noise_(settings.noise),
      scored_(settings_.modalities.size()) {
  for (std::size_t m = 0; m < scored_.size(); ++m) {
    if (!settings_.is_alone()) inputs_ += fusion_.features_of(m);
    const auto& file = files_.emplace_back(settings.answers_of(m));
    if (file.empty()) continue;
    for (const auto& [genome, percent] : read_sweep(file, settings_.modalities[m].space))
      scored_[m].insert_or_assign(genome, percent);
    if (scored_[m].empty())
      throw InputError(fmt::format("{} has no row of space {}", file, settings_.modalities[m].space.name),
                       "give the sweep of the modality's space");
  }
}

Outcome MadeUpAnswers::answer(const Work& work) const {
  return std::visit(
      Overloaded{[&](const EvaluateBackbones& w) -> Outcome {
                   BackboneScores scores;
                   for (const auto& genome : w.genomes)
                     scores.metric.push_back(100 - backbone_error(static_cast<std::size_t>(w.modality), genome));
                   return scores;
                 },
                 [&](const SearchFusion& w) -> Outcome {
                   FusionScores found;
                   for (const auto& candidate : w.candidates) found.scores.push_back(score(candidate));
                   return found;
                 },
                 [&](const RetrainModel& w) -> Outcome {
                   return RetrainScore{seen_metric(w.genome, static_cast<std::uint64_t>(w.repeat))};
                 },
                 [&](const TestModel& w) -> Outcome { return TestScore{100 - error(w.genome)}; }},
      work);
}

double MadeUpAnswers::backbone_error(std::size_t modality, const BackboneGenome& genome) const {
  const auto& scored = scored_.at(modality);
  const auto active = canonical(genome);
  if (scored.empty()) {
    RandomStream random(seed_, "backbone", hash64(to_text(active)), modality);
    return 40 * std::exp(-2 * size_of(active, settings_.modalities[modality].space)) + 4 * random.uniform();
  }
  const auto found = scored.find(active);
  if (found == scored.end())
    throw InputError(fmt::format("{} has no row for {} of {}", files_.at(modality), to_text(active),
                                 settings_.modalities[modality].name),
                     "give the CSV of supernet sweep --all, or leave out --answers");
  return 100 - found->second;
}

double MadeUpAnswers::error(const MultimodalGenome& genome) const {
  const auto count = static_cast<double>(genome.backbones.size());
  double logarithm = 0;
  for (std::size_t m = 0; m < genome.backbones.size(); ++m)
    logarithm += std::log(std::max(1e-6, backbone_error(m, genome.backbones[m])));
  return (count > 1 ? 0.5 : 1) * std::exp(logarithm / count);
}

double MadeUpAnswers::seen_metric(const MultimodalGenome& genome, std::uint64_t repeat) const {
  RandomStream random(seed_, "seen", key_of(genome), repeat);
  return 100 - std::clamp(error(genome) + noise_ * random.normal(), 0.0, 100.0);
}

FusionScore MadeUpAnswers::score(const FusionCandidate& candidate) const {
  const auto& genome = candidate.genome;
  FusionScore score{seen_metric(genome, 0), genotype(genome)};
  if (settings_.protocol == Protocol::published) score.metric_test = 100 - error(genome);
  return score;
}

/// Cells read features in turn, each step what its cell reads.
Genotype MadeUpAnswers::genotype(const MultimodalGenome& genome) const {
  Genotype genotype;
  if (genotype.late = late_fusion_of(genome.macro); genotype.late != LateFusion::none) return genotype;
  RandomStream random(seed_, "operators", key_of(genome));
  const auto [cells, nodes] = genome.macro;
  for (int c = 0; c < cells; ++c) {
    FusionCell cell;
    cell.first = 2 * c % inputs_;
    cell.second = (2 * c + 1) % inputs_;
    for (int n = 0; n < nodes; ++n) cell.steps.push_back({random.pick(fusion_.operators), 0, 1});
    genotype.cells.push_back(std::move(cell));
  }
  const int joined = settings_.protocol == Protocol::published ? fusion_.multiplier : fusion_.joined_cells(cells);
  for (int state = inputs_ + cells - joined; state < inputs_ + cells; ++state) genotype.concat.push_back(state);
  return genotype;
}

}  // namespace harmonic
