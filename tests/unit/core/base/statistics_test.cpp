#include "core/base/statistics.hpp"

#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "core/base/rng.hpp"

using namespace harmonic;

TEST_CASE("A mean comes with its Student-t interval", "[base]") {
  // t(0.975, 2) = 4.302653, standard deviation 1: 4.302653 / sqrt(3).
  const auto three = mean_interval(std::vector{1.0, 2.0, 3.0});
  CHECK(three.count == 3);
  CHECK(three.mean == Approx(2));
  CHECK(three.lowest == 1);
  CHECK(three.highest == 3);
  REQUIRE(three.half_width.has_value());
  CHECK(*three.half_width == Approx(2.484138).epsilon(1e-6));
  // t(0.975, 9) = 2.262157, standard deviation sqrt(10 / 9) of five zeros and five twos.
  const auto ten = mean_interval(std::vector{0.0, 2.0, 0.0, 2.0, 0.0, 2.0, 0.0, 2.0, 0.0, 2.0});
  CHECK(*ten.half_width == Approx(2.262157 / 3).epsilon(1e-6));
}

TEST_CASE("The interval of a share is Wilson's: it stays within 0 and 1, and none wrong is no proof", "[base]") {
  // z = 1.959964; 8 of 10: (0.8 + z^2/20 +- z sqrt(0.016 + z^2/400)) / (1 + z^2/10).
  const auto most = share_interval(0.8, 10);
  CHECK(most.low == Approx(0.490162).epsilon(1e-5));
  CHECK(most.high == Approx(0.943318).epsilon(1e-5));
  const auto all = share_interval(1, 450);
  CHECK(all.high == 1);
  CHECK(all.low == Approx(450 / (450 + 1.959964 * 1.959964)).epsilon(1e-6));
  CHECK(share_interval(0, 450).low == 0);
  for (const double samples : {2.0, 3.0, 7.0, 12.0, 30.0, 500.0}) {
    CHECK(share_interval(1, samples).high == 1);
    CHECK(share_interval(0, samples).low == 0);
  }
}

TEST_CASE("Equal measurements have their own value as mean and no spread", "[base]") {
  const auto same = mean_interval(std::vector{0.1, 0.1, 0.1});
  CHECK(same.mean == 0.1);
  CHECK(same.half_width == 0.0);
}

TEST_CASE("One measurement has no interval, none has no mean", "[base]") {
  const auto one = mean_interval(std::vector{7.5});
  CHECK(one.mean == 7.5);
  CHECK_FALSE(one.half_width.has_value());
  CHECK(mean_interval({}).count == 0);
}

TEST_CASE("Kendall's tau tells how alike two orders are, ties as half known", "[base]") {
  const std::vector<double> up = {1, 2, 3, 4}, down = {4, 3, 2, 1}, tied = {1, 1, 2, 2}, flat = {5, 5, 5, 5};
  CHECK(kendall_tau(up, up) == 1);
  CHECK(kendall_tau(up, down) == -1);
  CHECK(kendall_tau(up, tied) == Approx(4 / std::sqrt(6 * 4.0)));
  CHECK(kendall_tau(up, flat) == 0);
}

TEST_CASE("A median's interval holds the true one in about 95 % of samples, whatever the distribution", "[base]") {
  CHECK(median({3, 1, 2}) == 2);
  CHECK(median({4, 1, 2, 3}) == 2.5);
  CHECK_FALSE(median_interval({1, 2, 3, 4, 5}));
  constexpr int kDraws = 1000, kSize = 25;
  RandomStream random(Seed{1}, "median");
  int held = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<double> values;
    for (int i = 0; i < kSize; ++i) values.push_back(std::exp(random.normal()));  // of median 1
    const auto interval = median_interval(values).value();
    held += interval.low <= 1 && 1 <= interval.high ? 1 : 0;
  }
  CHECK(held > 920);
  CHECK(held < 990);
}
