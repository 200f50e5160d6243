#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/base/hash.hpp"
#include "core/hardware/energy_meter.hpp"
#include "core/hardware/model_pricing.hpp"
#include "core/mpi/mailbox.hpp"
#include "core/pareto/fronts.hpp"
#include "core/work/work.hpp"

/// Stand-ins for what is slow: scores and costs as pure functions of the genome, messages in memory.
namespace harmonic::testing {

/// Draws 1 J a look.
class DrawingMeter final : public EnergyMeter {
 public:
  double read_mj() override { return total_mj_ += 1000; }
  std::string name() const override { return "a made-up meter"; }

 private:
  double total_mj_ = 5e6;  ///< what it had counted before anybody looked
};

/// 0 … 1, from the text and the salt alone.
inline double fake_uniform(const std::string& text, std::uint64_t salt) {
  return static_cast<double>(hash64(text, salt) >> 11U) * 0x1.0p-53;
}

inline std::string text_of(const MultimodalGenome& genome) {
  std::string text = fmt::format("{}x{}", genome.macro.cells, genome.macro.nodes);
  for (const auto& backbone : genome.backbones) text += fmt::format(" {}", to_text(canonical(backbone)));
  return text;
}

/// Larger networks score better on the whole, so that there is something to trade.
inline double fake_metric(const BackboneGenome& genome) {
  double size = 0;
  for (const int e : canonical(genome).expand) size += e;
  return 50 + size + 10 * fake_uniform(to_text(canonical(genome)), 1);
}

/// Of a network that every backbone offers four features to, as a run's settings have it where they say nothing.
inline Genotype fake_genotype(const MultimodalGenome& genome) {
  const std::vector<std::string> operators = {"Sum", "LinearGLU", "SE1"};
  Genotype genotype;
  if (genotype.late = late_fusion_of(genome.macro); genotype.late != LateFusion::none) return genotype;
  for (int c = 0; c < genome.macro.cells; ++c) {
    FusionCell cell;
    for (int n = 0; n < genome.macro.nodes; ++n)
      cell.steps.push_back({operators[static_cast<std::size_t>(3 * fake_uniform(text_of(genome), 7 + n))], 0, 1});
    genotype.cells.push_back(cell);
  }
  const int states = 4 * static_cast<int>(genome.backbones.size()) + genome.macro.cells;
  for (int state = states - std::min(2, genome.macro.cells); state < states; ++state) genotype.concat.push_back(state);
  return genotype;
}

/// Of the discrete network, percent; `start` as FusionCandidate's.
inline double fake_metric(const MultimodalGenome& genome, const std::vector<float>& start = {}) {
  double metric = 10 * fake_uniform(text_of(genome), 2);
  if (!start.empty()) metric += 5 * fake_uniform(fmt::format("{}", start[0]), 3);
  for (const auto& backbone : genome.backbones)
    metric += fake_metric(backbone) / static_cast<double>(genome.backbones.size());
  return metric;
}

inline FusionScore fake_score(const FusionCandidate& candidate) {
  const double metric = fake_metric(candidate.genome, candidate.start);
  return {metric,
          fake_genotype(candidate.genome),
          std::nullopt,
          {static_cast<float>(metric), static_cast<float>(candidate.genome.macro.cells)}};
}

/// Within two points of the model's metric.
inline RetrainScore fake_retraining(const RetrainModel& work) {
  const auto salt = static_cast<std::uint64_t>(100 + work.repeat);
  return {std::min(100.0, fake_metric(work.genome) + 4 * fake_uniform(text_of(work.genome), salt) - 2)};
}

inline Outcome fake_outcome(const Work& work) {
  if (const auto* backbones = std::get_if<EvaluateBackbones>(&work)) {
    BackboneScores scores;
    for (const auto& genome : backbones->genomes) scores.metric.push_back(fake_metric(genome));
    return scores;
  }
  if (const auto* search = std::get_if<SearchFusion>(&work)) {
    FusionScores found;
    for (const auto& candidate : search->candidates) found.scores.push_back(fake_score(candidate));
    return found;
  }
  if (const auto* retraining = std::get_if<RetrainModel>(&work)) return fake_retraining(*retraining);
  return TestScore{fake_metric(std::get<TestModel>(work).genome) - 1};
}

class FakeEvaluator : public Evaluator {
 public:
  [[nodiscard]] Outcome evaluate(const Work& work, const WorkHooks&) override { return fake_outcome(work); }
};

/// {latency, energy} of a backbone; no unit.
inline Objectives fake_costs(const BackboneGenome& genome) {
  double latency = 1, energy = 1;
  const auto active = canonical(genome);
  for (std::size_t p = 0; p < active.kernel.size(); ++p) {
    latency += active.kernel[p] * active.expand[p];
    energy += active.kernel[p] + 2.0 * active.expand[p];
  }
  return {latency, energy};
}

inline ModelCosts fake_model_costs(const MultimodalGenome& genome, const Genotype& genotype) {
  const auto operators = operators_of(genotype);
  Objectives sum = {static_cast<double>(operators.size()), 0.5 * static_cast<double>(operators.size())};
  for (const auto& backbone : genome.backbones) {
    const auto costs = fake_costs(backbone);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += costs[i];
  }
  return {{}, sum};
}

/// Messages between ranks of one process, in the order posted. For one thread.
class MemoryNetwork {
 public:
  explicit MemoryNetwork(int size) : size_(size) {}

  class Box final : public Mailbox {
   public:
    Box(MemoryNetwork& network, Rank rank) : network_(network), rank_(rank) {}
    [[nodiscard]] Rank rank() const override { return rank_; }
    [[nodiscard]] int size() const override { return network_.size_; }
    void post(Rank to, int tag, Bytes bytes) override {
      network_.queues_[{to, tag}].push_back({rank_, std::move(bytes)});
    }
    [[nodiscard]] std::optional<Message> try_receive(int tag) override {
      auto& queue = network_.queues_[{rank_, tag}];
      if (queue.empty()) return std::nullopt;
      auto message = std::move(queue.front());
      queue.pop_front();
      return message;
    }
    [[nodiscard]] bool all_sent(Rank) override { return true; }

   private:
    MemoryNetwork& network_;
    Rank rank_;
  };
  [[nodiscard]] Box box(Rank rank) { return {*this, rank}; }

 private:
  int size_;
  std::map<std::pair<Rank, int>, std::deque<Message>> queues_;
};

}  // namespace harmonic::testing
