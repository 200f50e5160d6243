#include "worker/data/feature_cache.hpp"

namespace harmonic {

std::shared_ptr<const FeatureCache::Features> FeatureCache::get(const std::string& key,
                                                                const std::function<Features()>& compute) {
  if (auto found = kept_.find(key)) return found;
  kept_.shrink();
  auto features = std::make_shared<const Features>(compute());
  std::size_t bytes = 0;
  for (const auto& split : *features)
    for (const auto& feature : split) bytes += feature.nbytes();
  kept_.keep(key, features, bytes);
  return features;
}

}  // namespace harmonic
