#include "core/storage/curves.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

Curves two_curves() {
  return {"epoch", {"loss", "metric"}, {{1, {0.5, std::nullopt}, 10}, {2, {0.1, 98.25}, 11}}};
}

}  // namespace

TEST_CASE("Curves are a table with a row a step, and cells of what was not measured are empty", "[curves]") {
  CHECK(two_curves().csv() == "epoch,loss,metric\n1,0.5,\n2,0.1,98.25\n");
  CHECK(two_curves().csv({"loss"}) == "epoch,metric\n1,\n2,98.25\n");
}

TEST_CASE("A table of curves is read back as it was written", "[curves]") {
  const testing::TemporaryFolder folder;
  for (const std::set<std::string>& left_out : {std::set<std::string>{}, {"loss"}}) {
    replace_file(folder / "curves.csv", two_curves().csv(left_out));
    Curves read{"epoch", {"loss", "metric"}, {}};
    read.read(folder / "curves.csv", left_out);
    REQUIRE(read.rows.size() == 2);
    CHECK(read.csv(left_out) == two_curves().csv(left_out));
    CHECK(read.rows[1].values[0].has_value() == left_out.empty());
    CHECK(read.rows[1].values[1] == 98.25);
  }
}

TEST_CASE("A table of other curves is refused by name", "[curves]") {
  const testing::TemporaryFolder folder;
  replace_file(folder / "curves.csv", two_curves().csv());
  Curves other{"epoch", {"loss"}, {}};
  CHECK_THROWS_WITH(other.read(folder / "curves.csv"), Catch::Contains("curves.csv") && Catch::Contains("epoch, loss"));
}

TEST_CASE("Tables over one axis stand side by side, as long as the longest", "[curves]") {
  const Curves longer{"epoch", {"rate"}, {{1, {3.0}}, {2, {2.0}}, {3, {1.0}}}};
  CHECK(side_by_side({two_curves(), longer}).csv() == "epoch,loss,metric,rate\n1,0.5,,3\n2,0.1,98.25,2\n3,,,1\n");
  CHECK(side_by_side({longer, two_curves()}).csv() == "epoch,rate,loss,metric\n1,3,0.5,\n2,2,0.1,98.25\n3,1,,\n");
}

}  // namespace harmonic
