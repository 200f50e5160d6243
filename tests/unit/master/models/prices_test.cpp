#include "master/models/prices.hpp"

#include <catch2/catch.hpp>

using namespace harmonic;

TEST_CASE("A price list names the model nearest to every device's own best, on average and at worst", "[master]") {
  const std::vector<PricedModel> models = {{"gpu's", 90, {1, 10}},
                                           {"cpu's", 90, {10, 1}},
                                           {"even", 90, {2.5, 2.5}},
                                           {"uneven", 90, {1, 3.5}},
                                           {"cheap", 80, {1, 1}}};
  const auto list = price_list(models, {90});
  REQUIRE(list.size() == 2);
  CHECK(models[list[0].model].id == "uneven");
  CHECK(list[0].mean == Approx(2.25));
  CHECK(list[0].ratios == std::vector<double>{1, 3.5});
  CHECK(models[list[1].model].id == "even");
  CHECK(list[1].worst == Approx(2.5));
  CHECK(list[1].own == std::vector<std::size_t>{0, 1});
}

TEST_CASE("A device's own best is of no less metric than the model that it is set beside", "[master]") {
  const std::vector<PricedModel> models = {{"good", 95, {4, 4}}, {"better for one", 96, {2, 9}}, {"worse", 94, {1, 1}}};
  const auto list = price_list(models, {95, 99, 94});
  REQUIRE(list.size() == 2);  // nothing reaches 99; of those at 94 one is best by both
  CHECK(models[list[0].model].id == "good");
  CHECK(list[0].ratios == std::vector<double>{2, 1});
  CHECK(models[list[1].model].id == "worse");
  CHECK(list[1].mean == 1);
  CHECK(price_list({}, {1}).empty());
  CHECK(usual_levels(models).front() == 96);
}
