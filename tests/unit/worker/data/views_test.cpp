#include "worker/data/views.hpp"

#include <catch2/catch.hpp>
#include <torch/types.h>
#include <torch/utils.h>

namespace harmonic {

TEST_CASE("Views are the samples as they are, then varied copies, the same for whoever asks", "[training]") {
  torch::manual_seed(1);
  const auto samples = torch::rand({5, 1, 12, 12});
  const auto views = with_views(Augmentation::digits, samples, 3, Seed{7});
  REQUIRE(views.sizes() == at::IntArrayRef({15, 1, 12, 12}));
  CHECK(views.narrow(0, 0, 5).equal(samples));
  CHECK_FALSE(views.narrow(0, 5, 5).equal(samples));
  CHECK_FALSE(views.narrow(0, 10, 5).equal(views.narrow(0, 5, 5)));
  torch::manual_seed(2);
  CHECK(with_views(Augmentation::digits, samples, 3, Seed{7}).equal(views));
  CHECK_FALSE(with_views(Augmentation::digits, samples, 3, Seed{8}).equal(views));
  CHECK(with_views(Augmentation::digits, samples, 1, Seed{7}).equal(samples));
}

TEST_CASE("The strongest variation that may be asked for is one", "[training]") {
  const auto samples = torch::rand({20, 1, 8, 6});
  for (const auto kind : {Augmentation::digits, Augmentation::pictures, Augmentation::mfcc}) {
    const auto views = with_views(kind, samples, 2, Seed{7}, 10);
    CHECK(views.isfinite().all().item<bool>());
    CHECK_FALSE(views.narrow(0, 20, 20).equal(samples));
  }
}

TEST_CASE("Views that are too many to be kept are made a few at a time, and are the same bits", "[training]") {
  const auto samples = torch::rand({180, 1, 112, 112});
  const auto kind = GENERATE(Augmentation::digits, Augmentation::pictures, Augmentation::mfcc);
  constexpr int kViews = 8;  // 72 MiB
  const SampleSource made = with_views(kind, SampleSource(samples), kViews, Seed{7}, 1.5, torch::kCPU);
  REQUIRE_FALSE(is_worth_keeping(made.size(), made));
  const auto expected = with_views(kind, samples, kViews, Seed{7}, 1.5);
  REQUIRE(made.sizes() == expected.sizes().vec());
  std::int64_t first = 0;
  for_chunks(made, 37, [&](const torch::Tensor& chunk) {
    REQUIRE(torch::equal(chunk, expected.narrow(0, first, chunk.size(0))));
    first += chunk.size(0);
  });
  CHECK(first == expected.size(0));
}

TEST_CASE("Views of vectors, which have no variation, are copies", "[training]") {
  const auto vectors = torch::rand({4, 6});
  CHECK(with_views(Augmentation::none, vectors, 2, Seed{7}).equal(torch::cat({vectors, vectors})));
}

}  // namespace harmonic
