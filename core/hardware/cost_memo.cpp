#include "core/hardware/cost_memo.hpp"

#include <span>

#include "core/space/genome_key.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kMost = 8192;

Hash128 key_of(std::size_t modality, const BackboneGenome& genome) {
  std::vector<int> numbers = {static_cast<int>(modality)};
  add_genes(numbers, canonical(genome));
  return hash128(std::as_bytes(std::span(numbers)));
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
