#include "core/space/search_space.hpp"

#include <catch2/catch.hpp>

using namespace harmonic;

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
