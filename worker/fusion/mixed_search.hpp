#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include <torch/optim/adam.h>
#include <torch/types.h>

#include "core/config/search_settings.hpp"
#include "worker/fusion/architecture.hpp"
#include "worker/fusion/batches.hpp"
#include "worker/fusion/mixed_network.hpp"
#include "worker/fusion/protocol.hpp"
#include "worker/fusion/samples.hpp"

namespace harmonic {

/// The mixed network in training: its weights and its architecture take turns. Draws from LibTorch's generator.
class MixedSearch {
 public:
  /// @param train what the weights learn from @param guide what the architecture learns from; all three are kept by
  /// reference, like the settings and the protocol
  MixedSearch(const Samples& train, const Samples& guide, LabelKind kind, const FusionLayout& layout,
              const FusionSettings& settings, const SearchProtocol& protocol, std::uint64_t seed);

  /// One pass over the training samples. @param before_step called before every batch; may throw to stop
  /// @return mean task loss of the batches
  double run_epoch(int epoch, const std::function<void()>& before_step);

  [[nodiscard]] const Architecture& logits() const { return logits_; }
  /// Takes the architecture parameters of another search (Architecture::values). @throws RunError
  void start_from(std::span<const float> architecture) { logits_.assign(architecture); }
  /// Architecture::operator_entropy as the network weighs its operators now.
  [[nodiscard]] double operator_entropy() const { return logits_.operator_entropy(temperature_); }
  /// Metric of the mixed network as it stands, percent, in eval mode.
  [[nodiscard]] double metric(const Samples& samples);

 private:
  double step_weights(const Samples& batch);
  void step_architecture(const Samples& batch);

  const Samples& train_;
  LabelKind kind_;
  const FusionSettings& settings_;
  const SearchProtocol& protocol_;
  std::uint64_t seed_;
  double temperature_ = 1, progress_ = 0;
  MixedNetwork network_;
  Architecture logits_;
  torch::optim::Adam weight_adam_, arch_adam_;
  const Samples& guide_;
  BatchCycle guide_batches_;
};

/// 0 until the first epoch in which the architecture is stepped, 1 in the last; linear between.
[[nodiscard]] double architecture_progress(int epoch, const FusionSettings& settings);

/// Cosine annealing with warm restarts after 1, 2, 4, … epochs. @param t epochs done, fractions included
[[nodiscard]] double cosine_restarts(double t, double highest, double lowest);

/// Sets the learning rate of all parameters.
void set_learning_rate(torch::optim::Adam& adam, double rate);

/// Logits of all rows in their order, without gradients. @param forward features of some rows -> their logits
[[nodiscard]] torch::Tensor predict(const Samples& samples,
                                    const std::function<torch::Tensor(const std::vector<torch::Tensor>&)>& forward);

}  // namespace harmonic
