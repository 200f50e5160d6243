#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include <torch/types.h>

#include "core/config/search_settings.hpp"
#include "worker/fusion/architecture.hpp"
#include "worker/fusion/batches.hpp"
#include "worker/fusion/fused_adam.hpp"
#include "worker/fusion/joined_network.hpp"
#include "worker/fusion/mixed_network.hpp"
#include "worker/fusion/protocol.hpp"
#include "worker/fusion/samples.hpp"

namespace harmonic {

/// One of the mixed networks that train side by side.
struct MixedLane {
  FusionLayout layout;  ///< as many inputs as the others', of any channels; else the same
  std::uint64_t seed = 0;
};

/// Mixed networks in training, one a lane: the weights and the architecture take turns.
class MixedSearch {
 public:
  /// Seeds LibTorch's generator, and draws from it.
  /// @param train what the weights learn from @param guide what the architecture learns from; of all lanes
  ///   (join_lanes); both are kept by reference, like the settings and the protocol
  /// @param lanes one at least; with several the protocol's losses must be sums over the lanes, as the honest one's are
  MixedSearch(const Samples& train, const Samples& guide, std::span<const MixedLane> lanes,
              const FusionSettings& settings, const SearchProtocol& protocol);

  /// One pass over the training samples. @param before_step called before every batch; may throw to stop
  /// @return [lane] mean task loss of the batches
  /// @throws NotFinite when a lane's loss, weights or architecture parameters are no numbers at the end
  std::vector<double> run_epoch(int epoch, const std::function<void()>& before_step);

  /// Of one lane.
  [[nodiscard]] Architecture logits(std::size_t lane = 0) const;
  /// Of every lane, copies on the CPU: the device is waited for once.
  [[nodiscard]] std::vector<Architecture> logits_on_host() const;
  /// Takes the architecture parameters of another search (Architecture::values). @throws RunError
  void start_from(std::size_t lane, std::span<const float> architecture) { logits(lane).assign(architecture); }
  /// Architecture::operator_entropy as the network weighs its operators now.
  [[nodiscard]] double operator_entropy(std::size_t lane = 0) const {
    return logits(lane).operator_entropy(temperature_);
  }
  /// Of the weights, in the last step.
  [[nodiscard]] double learning_rate() const { return learning_rate_; }
  /// Of the operators' softmax in the last epoch.
  [[nodiscard]] double temperature() const { return temperature_; }
  /// Logits (rows, classes) of the mixed network as it stands, in eval mode. Of a search with one lane.
  [[nodiscard]] torch::Tensor predicted(const Samples& samples);
  /// Metric of these logits, percent. @throws NotFinite
  [[nodiscard]] static double metric(const torch::Tensor& predicted, const Samples& samples);

 private:
  [[nodiscard]] std::int64_t lanes() const { return static_cast<std::int64_t>(seeds_.size()); }
  [[nodiscard]] LaneOrders orders(const Samples& samples, const char* purpose) const;
  /// The architecture's weights as they are in force, and as the joined network takes them.
  struct Weights {
    Architecture plain;
    std::optional<JoinedNetwork::Weights> joined;  ///< where there is one
  };
  [[nodiscard]] Weights in_force(Architecture architecture) const;
  [[nodiscard]] torch::Tensor forward(const Samples& batch, const Weights& weights, Mode mode);
  [[nodiscard]] std::vector<torch::Tensor> parameters() const;
  torch::Tensor step_weights(const Samples& batch);
  void step_architecture(const Samples& batch);
  /// @param loss (lanes) @return the same numbers @throws NotFinite
  [[nodiscard]] std::vector<double> finite_losses(int epoch, const torch::Tensor& loss) const;

  const Samples& train_;
  const Samples& guide_;
  const FusionSettings& settings_;
  const SearchProtocol& protocol_;
  std::vector<std::uint64_t> seeds_;
  double temperature_ = 1, progress_ = 0, learning_rate_ = 0;
  std::shared_ptr<MixedNetwork> network_;
  std::optional<JoinedNetwork> joined_;  ///< runs in its place, but on the CPU
  Architecture logits_;
  std::optional<Weights> weights_;  ///< of logits_ as they are, without gradients; none: not known
  std::optional<FusedAdam> weight_adam_, arch_adam_;
  std::optional<BatchCycle> guide_batches_;
};

/// 0 until the first epoch in which the architecture is stepped, 1 in the last; linear between.
[[nodiscard]] double architecture_progress(int epoch, const FusionSettings& settings);

}  // namespace harmonic
