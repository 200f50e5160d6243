#pragma once

#include <vector>

#include "core/base/ids.hpp"
#include "worker/backbone/forward_mode.hpp"
#include "worker/group/collectives.hpp"

namespace harmonic {

/// Training forward pass of one sub-network on this rank's share of a batch.
class TrainingMode : public ForwardMode {
 public:
  /// What is dropped; nothing by default. Draws are keyed by (seed, step, sample).
  struct Drops {
    double dropout = 0;
    double drop_connect = 0;  ///< at the last shortcut; falls linearly towards the first
    int shortcuts = 0;        ///< of the network
    Seed seed;
    std::uint64_t step = 0;
    std::int64_t first_sample = 0;  ///< of this rank's share within the batch
  };

  /// @param group null: batch norms see this rank's share only
  /// @param update_running whether the supernet's running statistics follow this pass
  TrainingMode(Collectives* group, bool update_running, Drops drops)
      : group_(group), update_running_(update_running), drops_(drops) {}

  torch::Tensor batch_norm(const BatchNormView& norm, std::size_t index, const torch::Tensor& x) override;
  torch::Tensor dropout(const torch::Tensor& x) override;
  torch::Tensor drop_connect(const torch::Tensor& x) override;

 private:
  Collectives* group_;
  bool update_running_;
  Drops drops_;
  int dropouts_passed_ = 0;
  int shortcuts_passed_ = 0;
};

}  // namespace harmonic
