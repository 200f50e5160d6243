#include "core/hardware/cost_memo.hpp"

#include <span>

namespace harmonic {
namespace {

constexpr std::size_t kMost = 8192;

Hash128 key_of(std::size_t modality, const BackboneGenome& genome) {
  const auto network = canonical(genome);
  std::vector<int> words = {static_cast<int>(modality)};
  for (const auto* genes : {&network.kernel, &network.expand, &network.depth}) {
    words.push_back(static_cast<int>(genes->size()));
    words.insert(words.end(), genes->begin(), genes->end());
  }
  return hash128(std::as_bytes(std::span(words)));
}

}  // namespace

std::vector<Cost> CostMemo::of(std::size_t modality, const BackboneGenome& genome,
                               const std::function<std::vector<Cost>()>& price) {
  const Hash128 key = key_of(modality, genome);
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = costs_.find(key); known != costs_.end()) return known->second;
  }
  auto costs = price();
  const std::lock_guard lock(mutex_);
  if (costs_.size() >= kMost) costs_.clear();  // those that are in use come back at once
  costs_.emplace(key, costs);
  return costs;
}

}  // namespace harmonic
