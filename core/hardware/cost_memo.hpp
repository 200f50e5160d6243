#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "core/base/hash.hpp"
#include "core/hardware/cost_model.hpp"
#include "core/space/genome.hpp"

namespace harmonic {

/// What backbones cost on the devices of a run, as it was found before: a search prices each in many models. It holds
/// some thousands at most. From any thread.
class CostMemo {
 public:
  /// @param price what finds it, one cost a device; what it throws is thrown, and nothing remembered
  [[nodiscard]] std::vector<Cost> of(std::size_t modality, const BackboneGenome& genome,
                                     const std::function<std::vector<Cost>()>& price);

 private:
  std::mutex mutex_;
  std::unordered_map<Hash128, std::vector<Cost>> costs_;  ///< by modality and canonical genome
};

}  // namespace harmonic
