#pragma once

#include <cstddef>
#include <functional>

#include "core/work/work.hpp"

namespace harmonic {

struct FusionProgress {
  double share = 0;         ///< of the whole that is done, 0 to 1: epochs of all trainings, not seconds
  bool retraining = false;  ///< a discrete network; else the mixed one
  int epoch = 0;            ///< finished, of
  int epochs = 0;
  double loss = 0;        ///< mean training loss of the epoch
  double metric_val = 0;  ///< retraining only, percent
};

/// Called from time to time; both may be empty.
struct FusionHooks {
  std::function<bool()> cancelled;                      ///< before every batch
  std::function<void(const FusionProgress&)> progress;  ///< after every epoch

  /// @throws Cancelled
  void stop_if_cancelled() const {
    if (cancelled && cancelled()) throw Cancelled();
  }
  void tell(const FusionProgress& done) const {
    if (progress) progress(done);
  }
  /// Those of part `index` of `count` that follow each other: what it tells is a share of the whole. Refers to this.
  [[nodiscard]] FusionHooks of_part(std::size_t index, std::size_t count) const {
    return {cancelled, [this, index, count](FusionProgress done) {
              done.share = (static_cast<double>(index) + done.share) / static_cast<double>(count);
              tell(done);
            }};
  }
};

}  // namespace harmonic
