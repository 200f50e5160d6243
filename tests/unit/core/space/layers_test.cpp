#include "core/space/layers.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"

using namespace harmonic;

TEST_CASE("An AV-MNIST sub-network has the published layers", "[space][layers]") {
  const auto& space = find_space("avmnist-image");
  const auto layers = backbone_layers(space, parse_genome("K=5,3,5,5;E=3,4,4,3;D=2", space), 10);
  REQUIRE(layers.size() == 7);
  CHECK(layers[0].resolution == 28);
  CHECK(layers[1].resolution == 14);
  CHECK((layers[2].mid_channels == 48 && layers[2].stride == 2 && !layers[2].shortcut));
  CHECK((layers[3].mid_channels == 96 && layers[3].resolution == 7 && layers[3].shortcut));
  CHECK((layers[4].out_channels == 40 && layers[4].resolution == 7));
  CHECK((layers[5].out_channels == 80 && !layers[5].batch_norm));
  CHECK((layers[6].in_channels == 80 && layers[6].out_channels == 10));
}

TEST_CASE("Odd maps are halved upwards", "[space][layers]") {
  const auto& space = find_space("harmp-image");
  const auto layers = backbone_layers(space, largest_genome(space), 3);
  CHECK(layers.back().in_channels == 160);
  CHECK(strided(7, 2) == 4);
  std::vector<int> sides;
  for (const auto& layer : layers) sides.push_back(layer.resolution);
  CHECK(sides == std::vector<int>{112, 56, 56, 28, 28, 28, 28, 14, 14, 14, 14, 7, 7, 7, 7, 1, 1});
}

TEST_CASE("Fusion is offered evenly spaced features without the logits", "[space][layers]") {
  CHECK(offered_features(5, 4) == std::vector<int>{0, 1, 2, 3});
  CHECK(offered_features(7, 4) == std::vector<int>{2, 3, 4, 5});
  CHECK(offered_features(9, 4) == std::vector<int>{1, 3, 5, 7});
  CHECK(offered_features(3, 2) == std::vector<int>{0, 1});
  CHECK_THROWS_AS(offered_features(4, 4), InputError);
}

TEST_CASE("Feature channels follow the features", "[space][layers]") {
  const auto& space = find_space("avmnist-audio");
  const auto genome = parse_genome("K=5,3,5,5;E=3,4,4,3;D=3", space);
  CHECK(feature_channels(space, genome, 10) == std::vector<int>{16, 16, 24, 24, 24, 10});
  CHECK(feature_count(space, genome) == 6);
  CHECK(feature_channels(find_space("maxout"), {}, 23) == std::vector<int>{128, 256, 23});
}
