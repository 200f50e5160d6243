#include "core/work/expected_cost.hpp"

#include <cstdlib>

#include "core/base/overloaded.hpp"

namespace harmonic {
namespace {

double blocks(const BackboneGenome& genome) {
  double sum = 2;  // the fixed layers
  for (const int e : canonical(genome).expand) sum += std::abs(e) / 4.0;
  return sum;
}

/// What the samples of fusion cost, which both backbones' features are.
double backbones_cost(const MultimodalGenome& genome) {
  double sum = 0;
  for (const auto& backbone : genome.backbones) sum += blocks(backbone);
  return sum;
}

double network_cost(MacroArchitecture macro) {
  return macro.cells * (1.0 + macro.nodes);
}

}  // namespace

double expected_cost(const Work& work) {
  return std::visit(
      Overloaded{[](const EvaluateBackbones& w) {
                   double sum = 0;
                   for (const auto& genome : w.genomes) sum += blocks(genome);
                   return sum;
                 },
                 [](const SearchFusion& w) {
                   double sum = 0;
                   for (const auto& candidate : w.candidates)
                     sum += 4 * network_cost(candidate.genome.macro) + backbones_cost(candidate.genome);
                   return sum;
                 },
                 [](const RetrainModel& w) { return 2 * network_cost(w.genome.macro) + backbones_cost(w.genome); },
                 [](const TestModel&) { return 1.0; }},
      work);
}

}  // namespace harmonic
