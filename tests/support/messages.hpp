#pragma once

#include <optional>
#include <vector>

#include "proto/codec.hpp"

/// One of every kind of what master and workers say to each other, with and without what may be left out.
namespace harmonic::testing {

inline const MultimodalGenome kGenome{{{{3, 5, 7, 0}, {3, 4, 6, 0}, {3}}, {}}, {3, 2}};
inline const Genotype kGenotype = parse_genotype("1+4:Sum(1,0) | 5+7:ConcatFC(0,1),SE1(2,0) -> 8,9");

inline std::vector<Work> every_work() {
  return {EvaluateBackbones{1, {kGenome.backbones[0], {}}},
          EvaluateBackbones{},
          EvaluateBackbones{0, {}, Split::test},
          SearchFusion{{{CandidateId{7}, kGenome}}},
          SearchFusion{{{CandidateId{7}, kGenome, {}, 2}}},
          SearchFusion{{{CandidateId{7}, kGenome, {0.5F, -1.25F}, 0}}},
          SearchFusion{{{CandidateId{7}, kGenome, {0.5F}, 0}, {CandidateId{9}, kGenome, {}, 2}}},
          SearchFusion{{{CandidateId{9}, kGenome, {}, 2}, {CandidateId{7}, kGenome, {0.5F}, 0}}},
          SearchFusion{{{CandidateId{9}, {kGenome.backbones, macro_of(LateFusion::maps)}}}},
          RetrainModel{CandidateId{7}, kGenome, kGenotype, 2, 1},
          TestModel{CandidateId{1ULL << 60U}, kGenome, kGenotype}};
}

inline std::vector<Outcome> every_outcome() {
  return {BackboneScores{{0.0, 99.125, 1.0 / 3.0}},
          FusionScores{{{98.5, kGenotype}}},
          FusionScores{{{97.5, kGenotype, 96.0}}},
          FusionScores{{{97.5, {{}, {}, LateFusion::logits}}}},
          FusionScores{{{97.5, kGenotype, std::nullopt, {0.1F, 2}}}},
          FusionScores{{{97.5, kGenotype, 96.0, {}, Interval{95, 96.5}}}},
          FusionScores{{{97.5, kGenotype, 96.0, {0.1F, 2}}, {12.5, {}}, {98.5, kGenotype}}},
          RetrainScore{97.25},
          TestScore{12.25},
          TestScore{12.25, Interval{11.5, 13.75}},
          Failure{"no GPU"},
          Failure{"the loss is not finite", FailureKind::candidate},
          Failure{"weights.h5 is missing", FailureKind::input}};
}

inline std::vector<Envelope> every_envelope() {
  std::vector<Envelope> all = {Hello{Rank{3}, "node7", 4242, 0xfedcba9876543210U, ""},
                               Hello{Rank{1}, "", 0, 0, "no data"},
                               Hello{Rank{1}, "node7", 7, 1, "", "CPU, 2 threads"},
                               Hello{Rank{1}, "node7", 7, 1, "", "CPU, 2 threads", "RAPL, package-0"},
                               Result{TaskId{9}, Rank{2}, 1.5, TestScore{90}, "node7", MeasuredEnergy{12.5, 0}},
                               Heartbeat{Rank{2}, 0.75},
                               Stop{},
                               Stop{true},
                               Cancel{TaskId{9}},
                               Goodbye{Rank{2}},
                               Goodbye{Rank{2}, Failure{"the GPU is gone"}, TaskId{9}},
                               Goodbye{Rank{2}, Failure{"no data", FailureKind::input}}};
  for (const auto& work : every_work()) all.push_back(Task{TaskId{9}, work});
  for (const auto& outcome : every_outcome()) all.push_back(Result{TaskId{9}, Rank{2}, 1.5, outcome, "node7"});
  return all;
}

}  // namespace harmonic::testing
