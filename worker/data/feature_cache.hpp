#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "worker/data/bounded_cache.hpp"

namespace harmonic {

/// Pooled features of frozen backbones, computed once per (modality, genome) and shared by every pair with that genome.
/// Bytes are bounded: the least recently used go first. For use by one thread.
class FeatureCache {
 public:
  using Features = std::vector<std::vector<torch::Tensor>>;  ///< [split][feature], each (N, C_i, L) float32

  explicit FeatureCache(std::size_t capacity_bytes) : kept_(capacity_bytes) {}

  /// What is kept under `key`, or what `compute` returns, kept from then on. The answer stays valid after eviction.
  [[nodiscard]] std::shared_ptr<const Features> get(const std::string& key, const std::function<Features()>& compute);

  [[nodiscard]] std::size_t bytes() const { return kept_.bytes(); }
  [[nodiscard]] std::size_t capacity_bytes() const { return kept_.capacity_bytes(); }

 private:
  BoundedCache<Features> kept_;
};

}  // namespace harmonic
