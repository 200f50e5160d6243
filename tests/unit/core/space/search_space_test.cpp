#include "core/space/search_space.hpp"

#include <catch2/catch.hpp>

using namespace harmonic;

TEST_CASE("The published maxout takes its length from the samples, other spaces keep theirs", "[space]") {
  const std::vector<std::size_t> vector = {40}, picture = {3, 32, 32};
  CHECK(fitted_space(find_space("maxout"), vector).in_features == 40);
  CHECK(fitted_space(find_space("maxout"), picture) == find_space("maxout"));
  BackboneSpace own = find_space("maxout");
  own.name = "text";
  CHECK(fitted_space(own, vector) == own);
  CHECK_NOTHROW(check_samples_fit(fitted_space(find_space("maxout"), vector), vector, "modality text"));
  CHECK_THROWS_WITH(check_samples_fit(own, vector, "modality text"),
                    Catch::Contains("modality text has samples of shape 40, space text takes 300") &&
                        Catch::Contains("in-features = 40 in [space.text]"));
  CHECK_THROWS_WITH(check_samples_fit(find_space("avmnist-image"), picture, "modality image"),
                    Catch::Contains("3x32x32") && Catch::Contains("in-channels = 3 and resolution = 32"));
}

TEST_CASE("Spaces whose supernets no tensor tells apart know each other", "[space]") {
  using Names = std::vector<std::string>;
  CHECK(spaces_of_same_tensors(find_space("avmnist-audio")) == Names{"avmnist-image"});
  CHECK(spaces_of_same_tensors(find_space("avmnist-image")) == Names{"avmnist-audio"});
  CHECK(spaces_of_same_tensors(find_space("harmp-image")).empty());
  auto wider = find_space("avmnist-image");
  wider.first_width = 24;
  CHECK(spaces_of_same_tensors(wider).empty());
  CHECK(spaces_of_same_tensors(find_space("maxout")).empty());
}
