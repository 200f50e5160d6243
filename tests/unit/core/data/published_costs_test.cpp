#include "core/data/published_costs.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/hardware/cost_model.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using Catch::Contains;

namespace {

/// Every row of an AV-MNIST backbone costs 1 ms and 2 mJ; of operators there are two.
LookUpTable made_up_table() {
  LookUpTable lut;
  for (const char* space : {"avmnist-image", "avmnist-audio"})
    for (const auto& key : space_keys(find_space(space), 10)) lut.set(key, {1, 2});
  lut.set(fusion_key("Sum", 192, 16), {0.25, 0.5});
  lut.set(fusion_key("ConcatFC", 192, 16), {0.505, 0.75});
  lut.set(fusion_key("SE1", 192, 16), {0.505, 0.75});
  lut.set(fusion_key("SE2", 192, 16), {0.505, 0.75});
  return lut;
}

/// Row 2 of AV-MNIST with other costs, and 2 cells of a node.
PublishedRow row_of(double latency_ms, double energy_mj) {
  auto row = find_published_table("avmnist").row(2);
  row.macro = {2, 1};
  row.latency_ms = latency_ms;
  row.energy_mj = energy_mj;
  return row;
}

}  // namespace

TEST_CASE("A published cost is told as the operators that it is a sum with, cut to two decimals", "[data][costs]") {
  const auto lut = made_up_table();
  const auto& table = find_published_table("avmnist");
  const double layers = 2 * 7;  // two convolutions, three blocks, the feature mix, the classifier; of two backbones
  const auto exact = explain_costs(table, row_of(layers + 0.75, 2 * layers + 1.25), lut);
  CHECK(exact.backbones == Cost{layers, 2 * layers});
  REQUIRE(exact.exact());
  // Those that are searched by default come first.
  REQUIRE(exact.sums.size() == 3);
  CHECK(exact.sums[0].operators == std::vector<std::string>{"Sum", "ConcatFC"});
  CHECK(exact.sums[1].operators == std::vector<std::string>{"Sum", "SE1"});
  CHECK(exact.sums[2].operators == std::vector<std::string>{"Sum", "SE2"});
  CHECK(*exact.sums[0].cost[kLatency] == Approx(layers + 0.755));
  CHECK(exact.sums[0].distance() == 0);
}

TEST_CASE("Where no operators sum to a published cost, the nearest are told, and what is in the way", "[data][costs]") {
  const auto lut = made_up_table();
  const auto& table = find_published_table("avmnist");
  const auto near = explain_costs(table, row_of(14.75, 29.27), lut);
  REQUIRE(near.sums.size() == 1);
  CHECK(near.sums[0].operators == std::vector<std::string>{"Sum", "ConcatFC"});
  CHECK(near.sums[0].deviation[kLatency] == 0);
  CHECK(near.sums[0].deviation[kEnergy] == Approx(29.25 / 29.27 - 1));
  CHECK_THAT(near.why, Contains("latency is as published") && Contains("energy is 0.02 mJ below"));
  CHECK_THAT(explain_costs(table, row_of(14.1, 29.25), lut).why,
             Contains("leave 0.10 ms and 1.25 mJ") && Contains("the cheapest of which cost 0.50 ms and 1.00 mJ"));
  CHECK_THAT(explain_costs(table, row_of(13, 29.25), lut).why,
             Contains("the backbones alone cost 14.00 ms and 28.00 mJ, more than the published 13.00 ms"));
}

TEST_CASE("A table that cannot tell published costs is refused by what it lacks", "[data][costs]") {
  const auto& table = find_published_table("avmnist");
  CHECK_THROWS_WITH(explain_costs(table, table.row(1), LookUpTable{}), Contains("no fusion operator"));
  auto lut = made_up_table();
  lut.set(fusion_key("Sum", 192, 16), {0.25});
  CHECK_THROWS_WITH(explain_costs(table, table.row(1), lut), Contains("no energy"));
  CHECK_THROWS_AS(explain_costs(find_published_table("harmp"), find_published_table("harmp").row(1), made_up_table()),
                  InputError);
  CHECK(multiset_text({"Sum", "Sum", "ConcatFC"}) == "Sum x2, ConcatFC");
  CHECK(multiset_text({}) == "no operator");
}

TEST_CASE("The published tables give two rows of AV-MNIST and two of Harm-P exactly, and say what ails the others",
          "[data][costs][shared]") {
  const auto fusion = testing::shared_data("luts/lut_fusion_tx2.json");
  if (!fusion) return;
  const auto explained = [&](const char* table, const char* backbones, int row) {
    const auto& published = find_published_table(table);
    const auto lut = LookUpTable::load({*testing::shared_data(std::string("luts/") + backbones), *fusion});
    return explain_costs(published, published.row(row), lut);
  };
  constexpr const char *kAvmnist = "lut_ofa_mnist_tx2.json", *kHarmp = "lut_ofa_memes_tx2.json",
                       *kMmimdb = "lut_ofa_imdb_tx2.json";
  const auto text = [](const PublishedCosts& costs) { return multiset_text(costs.sums.front().operators); };
  const auto second = explained("avmnist", kAvmnist, 2), third = explained("avmnist", kAvmnist, 3);
  CHECK(second.exact());
  CHECK(text(second) == "LinearGLU x8, ConcatFC x2, CatConvMish x2");
  CHECK(third.exact());
  CHECK(text(third) == "ConcatFC, CatConvMish");
  const auto memes = explained("harmp", kHarmp, 1), others = explained("harmp", kHarmp, 3);
  CHECK(memes.exact());
  CHECK(text(memes) == "Sum x2");
  CHECK(others.exact());
  REQUIRE(others.sums.size() == 2);
  CHECK(text(others) == "Sum x3, SE1");
  CHECK(multiset_text(others.sums[1].operators) == "Sum x3, SE2");
  const auto first = explained("avmnist", kAvmnist, 1);
  CHECK(text(first) == "LinearGLU x2");
  CHECK(first.sums[0].distance() < 0.001);
  CHECK_THAT(first.why, Contains("latency is as published") && Contains("energy is 0.01 mJ below"));
  const auto odd = explained("harmp", kHarmp, 2);
  CHECK(odd.sums[0].distance() == Approx(0.081).epsilon(0.01));
  CHECK_THAT(odd.why, Contains("for 6 operators, the cheapest of which cost 0.35 ms"));
  for (int row = 1; row <= 3; ++row) {
    const auto films = explained("mmimdb", kMmimdb, row);
    INFO(films.why);
    CHECK(films.sums[0].distance() < 0.013);
    CHECK_THAT(films.why, Contains("the backbones alone cost") && Contains("copy of another device's (AGX)"));
  }
}
