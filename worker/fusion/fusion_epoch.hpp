#pragma once

#include <optional>

#include "core/storage/curves.hpp"

namespace harmonic {

/// What an epoch of a fusion network's training came to.
struct FusionEpoch {
  double learning_rate = 0;  ///< of the weights, in its last step
  double loss_train = 0;     ///< mean over its batches, of the task alone
  /// At its end, where they are measured; metrics in percent.
  std::optional<double> loss_val = {}, metric_val = {}, metric_test = {};
  double ended_s = wall_time_s();  ///< seconds since 1970
};

}  // namespace harmonic
