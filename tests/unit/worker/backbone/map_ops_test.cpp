#include "worker/backbone/map_ops.hpp"

#include <cmath>

#include <catch2/catch.hpp>

namespace harmonic {
namespace {

/// The same operation in double precision, which runs on LibTorch's own operations.
FoldedNorm wide(const FoldedNorm& norm) {
  if (!norm.scale.defined()) return {};
  return {norm.scale.to(torch::kFloat64), norm.shift.to(torch::kFloat64), norm.activation};
}

void check_close(const MeasuredMap& found, const MeasuredMap& expected) {
  CHECK(torch::allclose(found.map.to(torch::kFloat64), expected.map, 1e-5, 1e-5));
  CHECK(found.moments.count == expected.moments.count);
  CHECK(torch::allclose(found.moments.mean.to(torch::kFloat64), expected.moments.mean, 1e-5, 1e-5));
  CHECK(torch::allclose(found.moments.variance.to(torch::kFloat64), expected.moments.variance, 1e-5, 1e-6));
}

FoldedNorm some_norm(std::int64_t channels, Activation activation) {
  return {torch::rand({channels}) + 0.5, torch::randn({channels}), activation};
}

}  // namespace

TEST_CASE("A 1x1 convolution is LibTorch's, for every width and shape", "[backbone]") {
  torch::manual_seed(1);
  const auto activation = GENERATE(Activation::relu, Activation::h_swish);
  const auto out_channels = GENERATE(8, 24, 40);
  const auto x = torch::randn({3, 7, 5, 48}) * 2 + 1;
  const auto weight = torch::randn({out_channels, 48}) / 7;
  const auto gate = torch::rand({3, 48});
  for (const auto& norm : {FoldedNorm{}, some_norm(48, activation)})
    for (const auto& factors : {torch::Tensor(), gate}) {
      if (factors.defined() && !norm.scale.defined()) continue;
      const auto found = pointwise(x, norm, factors, weight, {16, 40, 48}, true);
      const auto expected =
          pointwise(x.to(torch::kFloat64), wide(norm), factors.defined() ? factors.to(torch::kFloat64) : factors,
                    weight.to(torch::kFloat64), {16, 40, 48}, true);
      for (std::size_t i = 0; i < 3; ++i) check_close(found[i], expected[i]);
      // Fewer channels alone: the same bits.
      const auto alone =
          pointwise(x.narrow(3, 0, 16), norm.first(16), factors.defined() ? factors.narrow(1, 0, 16) : factors,
                    weight.narrow(1, 0, 16), {16}, true);
      CHECK(torch::equal(alone[0].map, found[0].map));
      CHECK(torch::equal(alone[0].moments.variance, found[0].moments.variance));
    }
}

TEST_CASE("A depthwise convolution is LibTorch's, for every kernel, stride and map", "[backbone]") {
  torch::manual_seed(2);
  const int kernel = GENERATE(3, 5, 7), stride = GENERATE(1, 2);
  const auto [height, width] = GENERATE(std::pair{2, 2}, std::pair{7, 7}, std::pair{14, 13}, std::pair{40, 21});
  const auto x = torch::randn({2, height, width, 72}) * 3 + 2;
  const auto weight = torch::randn({72, 1, kernel, kernel}) / (4 * kernel);
  for (const auto& norm : {FoldedNorm{}, some_norm(72, Activation::relu), some_norm(72, Activation::h_swish)}) {
    const auto found = depthwise(x, norm, weight, stride, true);
    check_close(found, depthwise(x.to(torch::kFloat64), wide(norm), weight.to(torch::kFloat64), stride, true));
    const auto alone = depthwise(x.narrow(3, 0, 24), norm.first(24), weight.narrow(0, 0, 24), stride, true);
    CHECK(torch::equal(alone.map, found.map.narrow(3, 0, 24)));
    CHECK(torch::equal(alone.moments.mean, found.moments.mean.narrow(0, 0, 24)));
  }
}

TEST_CASE("A map that is expanded on the way gives the bits of one that is made first", "[backbone]") {
  torch::manual_seed(5);
  const int kernel = GENERATE(3, 7), stride = GENERATE(1, 2);
  const auto x = torch::randn({3, 15, 19, 24}), weight = torch::randn({72, 24}) / 5;
  const auto whole = pointwise(x, {}, {}, weight, {24}, true).front();
  const ExpandedMap expanded(x, weight, true);
  CHECK(torch::equal(expanded.moments().mean, whole.moments.mean));
  CHECK(torch::equal(expanded.moments().variance, whole.moments.variance));
  CHECK(expanded.moments().count == whole.moments.count);
  const auto norm = some_norm(72, Activation::h_swish);
  const auto taps = torch::randn({72, 1, kernel, kernel}) / 9;
  for (const int channels : {72, 48}) {
    const auto expected =
        depthwise(whole.map.narrow(3, 0, channels), norm.first(channels), taps.narrow(0, 0, channels), stride, true);
    const auto found = expanded.depthwise(norm.first(channels), taps.narrow(0, 0, channels), stride, true);
    CHECK(torch::equal(found.map, expected.map));
    CHECK(torch::equal(found.moments.mean, expected.moments.mean));
    CHECK(torch::equal(found.moments.variance, expected.moments.variance));
  }
  // On LibTorch's own operations, as on a GPU.
  const ExpandedMap wide_map(x.to(torch::kFloat64), weight.to(torch::kFloat64), true);
  check_close(expanded.depthwise(norm, taps, stride, true),
              wide_map.depthwise(wide(norm), taps.to(torch::kFloat64), stride, true));
  CHECK(wide_map.moments().count == whole.moments.count);
  CHECK_FALSE(ExpandedMap(x, weight, false).moments().mean.defined());
}

TEST_CASE("On LibTorch's operations samples taken a few at a time give what all at once give", "[backbone]") {
  torch::manual_seed(6);
  const auto x = torch::randn({7, 9, 9, 24}, torch::kFloat64) + 5;
  const auto weight = torch::randn({16, 24}, torch::kFloat64) / 5,
             wide_weight = torch::randn({48, 24}, torch::kFloat64);
  const auto taps = torch::randn({24, 1, 5, 5}, torch::kFloat64),
             wide_taps = torch::randn({48, 1, 3, 3}, torch::kFloat64);
  const auto norm = wide(some_norm(24, Activation::h_swish)), wide_norm = wide(some_norm(48, Activation::relu));
  const auto gate = torch::rand({7, 24}, torch::kFloat64);
  const ExpandedMap expanded(x, wide_weight, true);
  for (const std::int64_t at_once : {1, 3, 7}) {
    const auto whole = pointwise(x, norm, gate, weight, {8, 24}, true);
    const auto parts = pointwise(x, norm, gate, weight, {8, 24}, true, at_once);
    for (std::size_t i = 0; i < whole.size(); ++i) check_close(parts[i], whole[i]);
    check_close(depthwise(x, norm, taps, 2, true, at_once), depthwise(x, norm, taps, 2, true));
    const ExpandedMap by_parts(x, wide_weight, true, at_once);
    CHECK(torch::allclose(by_parts.moments().variance, expanded.moments().variance));
    check_close(by_parts.depthwise(wide_norm, wide_taps, 1, true), expanded.depthwise(wide_norm, wide_taps, 1, true));
    CHECK(torch::allclose(average(x, norm, at_once), average(x, norm)));
    CHECK_FALSE(pointwise(x, norm, {}, weight, {24}, false, at_once).front().moments.mean.defined());
  }
  CHECK(pointwise(x.narrow(0, 0, 0), norm, {}, weight, {24}, false, 3).front().map.sizes() ==
        torch::IntArrayRef{0, 9, 9, 16});
  CHECK(average(x.narrow(0, 0, 0), norm, 3).sizes() == torch::IntArrayRef{0, 24});
}

TEST_CASE("Maps of bf16 are rounded once an operation, their moments float32", "[backbone]") {
  torch::manual_seed(7);
  const double unit = std::ldexp(1.0, -8);  // what a value may be rounded by, of its size
  const auto x = torch::randn({3, 9, 9, 24}).to(torch::kBFloat16);
  const auto weight = torch::randn({16, 24}) / 5, taps = torch::randn({24, 1, 3, 3}) / 3;
  const auto norm = some_norm(24, Activation::relu);
  const auto check_rounded = [&](const MeasuredMap& found, const MeasuredMap& exact) {
    CHECK(found.map.scalar_type() == torch::kBFloat16);
    CHECK(found.moments.mean.scalar_type() == torch::kFloat32);
    // Inputs, weights and the result are rounded: each by a unit of the values, which a sum may have more of.
    const double largest = exact.map.abs().max().item<double>();
    CHECK((found.map.to(torch::kFloat32) - exact.map).abs().max().item<double>() < 3 * unit * largest);
    CHECK((found.moments.mean - exact.moments.mean).abs().max().item<double>() < 3 * unit * largest);
  };
  const auto wide_x = x.to(torch::kFloat32);
  check_rounded(pointwise(x, norm, {}, weight, {24}, true).front(),
                pointwise(wide_x, norm, {}, weight, {24}, true).front());
  check_rounded(depthwise(x, norm, taps, 1, true), depthwise(wide_x, norm, taps, 1, true));
  CHECK(normalise(x, norm, x).scalar_type() == torch::kBFloat16);
  CHECK(torch::allclose(average(x, norm), average(wide_x, norm), 1e-5, 1e-5));
}

TEST_CASE("Norms, shortcuts and averages are LibTorch's", "[backbone]") {
  torch::manual_seed(3);
  const auto x = torch::randn({3, 9, 9, 24}), shortcut = torch::randn({3, 9, 9, 24});
  const auto norm = some_norm(24, Activation::h_swish);
  for (const auto& added : {torch::Tensor(), shortcut})
    CHECK(torch::allclose(normalise(x, norm, added),
                          added.defined() ? x * norm.scale + norm.shift + added : x * norm.scale + norm.shift, 1e-6,
                          1e-6));
  const auto expected = torch::hardswish(x * norm.scale + norm.shift).mean({1, 2});
  CHECK(torch::allclose(average(x, norm), expected, 1e-5, 1e-6));
  CHECK(torch::equal(average(x.narrow(3, 0, 8), norm.first(8)), average(x, norm).narrow(1, 0, 8)));
}

TEST_CASE("Statistics of a map far from 0 keep their digits, whatever the number of threads", "[backbone]") {
  torch::manual_seed(4);
  const auto x = torch::randn({30, 14, 14, 16}) + 100;
  const auto identity = torch::eye(16);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = pointwise(x, {}, {}, identity, {16}, true).front().moments;
  at::set_num_threads(3);
  const auto three = pointwise(x, {}, {}, identity, {16}, true).front().moments;
  at::set_num_threads(threads);
  CHECK(torch::equal(one.mean, three.mean));
  CHECK(torch::equal(one.variance, three.variance));
  const auto exact = x.to(torch::kFloat64).flatten(0, 2);
  CHECK(torch::allclose(one.mean.to(torch::kFloat64), exact.mean(0), 1e-7, 0));
  CHECK(torch::allclose(one.variance.to(torch::kFloat64), exact.var(0, /*unbiased=*/false), 1e-5, 0));
}

}  // namespace harmonic
