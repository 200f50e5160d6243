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
  // One of any length that does not fit has its own by a supernet, and no setting changes it.
  CHECK_THROWS_WITH(check_samples_fit(find_space("maxout"), vector, "modality text"), !Catch::Contains("in-features"));
  CHECK_THROWS_WITH(check_samples_fit(find_space("avmnist-image"), picture, "modality image"),
                    Catch::Contains("3x32x32") && Catch::Contains("in-channels = 3 and resolution = 32"));
}

TEST_CASE("Maps for a space of vectors, and vectors for one of maps, are told as that", "[space]") {
  const std::vector<std::size_t> vector = {40}, maps = {1, 64, 64};
  for (const char* space : {"maxout", "maxout-77"})
    CHECK_THROWS_WITH(check_samples_fit(find_space(space), maps, "modality spec"),
                      Catch::StartsWith(std::string("modality spec has maps of shape 1x64x64, space ") + space +
                                        " takes vectors; name a space of maps"));
  CHECK_THROWS_WITH(check_samples_fit(find_space("avmnist-image"), vector, "modality text"),
                    Catch::StartsWith("modality text has vectors of shape 40, space avmnist-image takes maps; name "
                                      "space maxout"));
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
