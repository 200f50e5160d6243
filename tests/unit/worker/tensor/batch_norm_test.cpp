#include "worker/tensor/batch_norm.hpp"

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
