#include "worker/tensor/batch_norm.hpp"

#include <vector>

#include <catch2/catch.hpp>

namespace harmonic {

TEST_CASE("Moments are exact for long channels far from 0, in either memory format", "[tensor]") {
  torch::manual_seed(3);
  const auto x = torch::randn({64, 24, 30, 30}) + 100;
  const auto exact = x.to(torch::kFloat64);
  const auto mean = exact.mean({0, 2, 3}), variance = exact.var({0, 2, 3}, /*unbiased=*/false);
  for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    const auto found = moments_of(x.contiguous(format));
    CHECK(found.count == 64 * 30 * 30);
    CHECK(torch::allclose(found.mean.to(torch::kFloat64), mean, 1e-7, 0));
    CHECK(torch::allclose(found.variance.to(torch::kFloat64), variance, 1e-5, 0));
  }
}

TEST_CASE("Moments of vectors are those of their columns", "[tensor]") {
  const auto found = moments_of(torch::tensor({{1.0F, 10.0F}, {3.0F, 10.0F}}));
  CHECK(torch::equal(found.mean, torch::tensor({2.0F, 10.0F})));
  CHECK(torch::equal(found.variance, torch::tensor({1.0F, 0.0F})));
}

TEST_CASE("Moments of uneven parts, joined, are those of the whole, in float32 and far from 0", "[tensor]") {
  torch::manual_seed(5);
  const auto x = torch::randn({70, 8, 12, 12}) + 1000;
  const auto whole = moments_of(x);
  std::vector<Moments> parts;
  for (const auto& part : x.split_with_sizes({1, 2, 64, 3})) parts.push_back(moments_of(part));
  const auto found = joined_moments(parts);
  CHECK(found.count == whole.count);
  CHECK(found.mean.scalar_type() == torch::kFloat32);
  CHECK(torch::allclose(found.mean, whole.mean, 1e-6, 0));
  // The means are rounded to 6e-5 of a spread of 1. By sums of squares, 1e6 in float32, nothing of it would be left.
  CHECK(torch::allclose(found.variance, whole.variance, 1e-4, 0));
  // Parts that differ have their means' spread in the whole's.
  const auto apart = std::vector{moments_of(torch::zeros({3, 1})), moments_of(torch::ones({1, 1}))};
  CHECK(torch::equal(joined_moments(apart).mean, torch::tensor({0.25F})));
  CHECK(torch::equal(joined_moments(apart).variance, torch::tensor({0.1875F})));
  CHECK(torch::equal(joined_moments(std::span(parts).first(1)).mean, parts.front().mean));
}

TEST_CASE("Moments of a map of few bits are float32", "[tensor]") {
  torch::manual_seed(6);
  const auto x = (torch::randn({64, 4, 9, 9}) + 3).to(torch::kBFloat16);
  const auto found = moments_of(x), exact = moments_of(x.to(torch::kFloat32));
  CHECK(found.mean.scalar_type() == torch::kFloat32);
  CHECK(torch::allclose(found.mean, exact.mean, 1e-6, 0));
  CHECK(torch::allclose(found.variance, exact.variance, 1e-5, 0));
}

TEST_CASE("Moments do not depend on the number of threads", "[tensor]") {
  torch::manual_seed(4);
  const auto x = torch::randn({40, 16, 28, 28}).contiguous(at::MemoryFormat::ChannelsLast);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = moments_of(x);
  at::set_num_threads(3);
  const auto three = moments_of(x);
  at::set_num_threads(threads);
  CHECK(torch::equal(one.mean, three.mean));
  CHECK(torch::equal(one.variance, three.variance));
}

}  // namespace harmonic
