#include "core/hardware/validation.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"

namespace harmonic {

TEST_CASE("A table whose sums are off by one factor ranks networks well, and a correction is all it needs",
          "[hardware]") {
  std::vector<NetworkLatency> networks;
  for (int i = 0; i < 10; ++i) {
    const double predicted = 2 + 0.25 * i;
    networks.push_back({"n", predicted, 1.25 * predicted + 0.5});
  }
  const auto found = validate(networks);
  CHECK(found.kendall_tau == 1);
  CHECK(found.within_10_percent == 0);
  CHECK(found.scale == Approx(1.25));
  CHECK(found.offset_ms == Approx(0.5));
  CHECK(found.corrected_mape == Approx(0).margin(1e-9));
}

TEST_CASE("Errors are shares of what was measured", "[hardware]") {
  const auto found = validate({{"a", 1.05, 1.0}, {"b", 1.5, 2.0}});
  CHECK(found.mape == Approx((5 + 25) / 2.0));
  CHECK(found.within_10_percent == Approx(50));
  CHECK(validate({{"a", 1, 2.0}, {"b", 1, 4.0}}).kendall_tau == 0);  // it ranks nothing
}

TEST_CASE("One network, or one that takes no time, is no validation", "[hardware]") {
  CHECK_THROWS_AS(validate({{"a", 1, 1}}), InputError);
  CHECK_THROWS_AS(validate({{"a", 1, 1}, {"b", 1, 0}}), InputError);
}

TEST_CASE("The picture has a point for every network, and names it", "[hardware]") {
  const std::vector<NetworkLatency> networks = {{"first <one>", 1, 1.1}, {"second", 2, 2.1}};
  const auto svg = validation_svg(networks, validate(networks), "a & b");
  std::size_t points = 0;
  for (auto at = svg.find("<circle"); at != std::string::npos; at = svg.find("<circle", at + 1)) ++points;
  CHECK(points == networks.size());
  CHECK(svg.find("first &lt;one&gt;") != std::string::npos);
  CHECK(svg.find("a &amp; b") != std::string::npos);
}

}  // namespace harmonic
