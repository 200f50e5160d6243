#include "worker/data/feature_cache.hpp"

#include <catch2/catch.hpp>

using namespace harmonic;

namespace {

/// Counts how often features of 400 bytes are computed.
struct Source {
  int computed = 0;
  std::function<FeatureCache::Features()> of(float value) {
    return [this, value] {
      ++computed;
      return FeatureCache::Features{{torch::full({10, 5, 2}, value)}};
    };
  }
};

}  // namespace

TEST_CASE("Features are computed once as long as they fit", "[worker][feature_cache]") {
  FeatureCache cache(1000);
  Source source;
  CHECK(cache.get("a", source.of(1))->at(0).at(0)[0][0][0].item<float>() == 1);
  CHECK(cache.get("a", source.of(2))->at(0).at(0)[0][0][0].item<float>() == 1);
  CHECK(source.computed == 1);
  CHECK(cache.bytes() == 400);
}

TEST_CASE("The least recently used features go first", "[worker][feature_cache]") {
  FeatureCache cache(1000);
  Source source;
  (void)cache.get("a", source.of(1));
  (void)cache.get("b", source.of(2));
  (void)cache.get("a", source.of(1));
  const auto c = cache.get("c", source.of(3));  // b goes
  CHECK(source.computed == 3);
  CHECK(cache.bytes() == 800);
  (void)cache.get("a", source.of(1));
  CHECK(source.computed == 3);
  (void)cache.get("b", source.of(2));  // c goes, and stays valid for those who hold it
  CHECK(source.computed == 4);
  CHECK(c->at(0).at(0)[0][0][0].item<float>() == 3);
}

TEST_CASE("Features larger than the whole cache are still given, and gone before others are made",
          "[worker][feature_cache]") {
  FeatureCache cache(10);
  Source source;
  CHECK(cache.get("a", source.of(7))->at(0).at(0).numel() == 100);
  (void)cache.get("b", [&] {
    CHECK(cache.bytes() == 0);
    return source.of(7)();
  });
  CHECK(cache.bytes() == 400);
}
