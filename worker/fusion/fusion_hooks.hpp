#pragma once

#include <functional>

#include "core/base/error.hpp"

namespace harmonic {

/// The search was asked to stop before its end.
class FusionStopped : public RunError {
 public:
  FusionStopped() : RunError("the fusion search was stopped on request") {}
};

struct FusionProgress {
  bool retraining = false;
  int epoch = 0;  ///< finished, of
  int epochs = 0;
  double loss = 0;        ///< mean training loss of the epoch
  double metric_val = 0;  ///< retraining only, percent
};

/// Called from time to time; both may be empty.
struct FusionHooks {
  std::function<bool()> stop_requested;
  std::function<void(const FusionProgress&)> progress;
};

/// @throws FusionStopped
inline void stop_if_asked(const FusionHooks& hooks) {
  if (hooks.stop_requested && hooks.stop_requested()) throw FusionStopped();
}

}  // namespace harmonic
