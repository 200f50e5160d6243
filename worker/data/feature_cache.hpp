#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <torch/types.h>

namespace harmonic {

/// Pooled features of frozen backbones, computed once per (modality, genome) and shared by every pair with that genome.
/// Bytes are bounded: the least recently used go first. For use by one thread.
class FeatureCache {
 public:
  using Features = std::vector<std::vector<torch::Tensor>>;  ///< [split][feature], each (N, C_i, L) float32

  explicit FeatureCache(std::size_t capacity_bytes) : capacity_(capacity_bytes) {}

  /// What is kept under `key`, or what `compute` returns, kept from then on. The answer stays valid after eviction.
  [[nodiscard]] std::shared_ptr<const Features> get(const std::string& key, const std::function<Features()>& compute);

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t hits() const { return hits_; }
  [[nodiscard]] std::size_t misses() const { return misses_; }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Features> features;
    std::size_t bytes;
  };
  std::size_t capacity_, bytes_ = 0, hits_ = 0, misses_ = 0;
  std::list<Entry> entries_;  ///< most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> index_;
};

}  // namespace harmonic
