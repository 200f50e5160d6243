#include "core/work/expected_cost.hpp"

#include "core/base/overloaded.hpp"

namespace harmonic {
namespace {

double blocks(const BackboneGenome& genome) {
  double sum = 2;  // the fixed layers
  for (const int e : canonical(genome).expand) sum += e / 4.0;
  return sum;
}

}  // namespace

double expected_cost(const Work& work) {
  return std::visit(Overloaded{[](const EvaluateBackbones& w) {
                                 double sum = 0;
                                 for (const auto& genome : w.genomes) sum += blocks(genome);
                                 return sum;
                               },
                               [](const SearchFusion& w) {
                                 double sum = 0;
                                 for (const auto& candidate : w.candidates) {
                                   const auto& [backbones, macro] = candidate.genome;
                                   sum += 4.0 * macro.cells * (1 + macro.nodes);
                                   for (const auto& genome : backbones) sum += blocks(genome);
                                 }
                                 return sum;
                               },
                               [](const TestModel&) { return 1.0; }},
                    work);
}

}  // namespace harmonic
