#pragma once

#include <optional>
#include <vector>

#include <torch/types.h>

#include "core/export/network_graph.hpp"
#include "worker/export/graph_runner.hpp"
#include "worker/profile/quiet_core.hpp"

namespace harmonic {

/// How networks are run to be timed.
struct RunConditions {
  torch::Device device = torch::kCPU;
  torch::ScalarType precision = torch::kFloat32;
  int batch = 1;
};

/// A network that is timed again and again, by LibTorch's operations one after another, on inputs of noise, which are
/// in the caches.
class TimedNetwork {
 public:
  TimedNetwork(const NetworkGraph& graph, const RunConditions& conditions);

  void run() const;
  /// One run in ms: on the CPU by the clock, once the core is quiet, on a GPU by its events. Nothing where the system
  /// took the processor away meanwhile, or the core is quiet no more.
  [[nodiscard]] std::optional<double> time_ms(QuietCore& core) const;

 private:
  GraphRunner runner_;
  torch::Device device_;
  std::vector<torch::Tensor> inputs_;
};

/// How often networks are run, one after another, each time that it is their turn.
struct VisitLength {
  int warm_up = 2;  ///< not counted: caches, and what is made at first use
  int runs = 5;     ///< undisturbed ones
  int most = 20;    ///< disturbed ones, too
};

/// Runs networks in turn, as parts of one network follow each other. @return ms of each, the fastest of its undisturbed
/// runs, for others can but slow it down; nothing where all of them were disturbed
[[nodiscard]] std::vector<std::optional<double>> visit(const std::vector<const TimedNetwork*>& networks,
                                                       QuietCore& core, VisitLength length = {});

}  // namespace harmonic
