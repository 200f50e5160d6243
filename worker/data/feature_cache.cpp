#include "worker/data/feature_cache.hpp"

namespace harmonic {

std::shared_ptr<const FeatureCache::Features> FeatureCache::get(const std::string& key,
                                                                const std::function<Features()>& compute) {
  if (const auto found = index_.find(key); found != index_.end()) {
    ++hits_;
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front().features;
  }
  ++misses_;
  auto features = std::make_shared<const Features>(compute());
  std::size_t bytes = 0;
  for (const auto& split : *features)
    for (const auto& feature : split) bytes += feature.nbytes();
  entries_.push_front({key, features, bytes});
  index_[key] = entries_.begin();
  bytes_ += bytes;
  while (bytes_ > capacity_ && entries_.size() > 1) {
    bytes_ -= entries_.back().bytes;
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
  return features;
}

}  // namespace harmonic
