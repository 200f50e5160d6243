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

TEST_CASE("Views that are too many to be kept are made as they are asked for, and are the same bits", "[training]") {
  const auto samples = torch::rand({20, 1, 12, 12});
  const auto kind = GENERATE(Augmentation::digits, Augmentation::pictures, Augmentation::mfcc);
  constexpr std::int64_t kViews = 6000;
  const SampleSource made = with_views(kind, SampleSource(samples), kViews, Seed{7}, 1.5, torch::kCPU);
  REQUIRE(made.sizes() == std::vector<std::int64_t>{20 * kViews, 1, 12, 12});
  REQUIRE_FALSE(is_worth_keeping(made.size(), made));
  const auto first_views = with_views(kind, samples, 3, Seed{7}, 1.5);
  CHECK(torch::equal(made.range(0, 60), first_views));
  CHECK(torch::equal(made.range(15, 12), first_views.narrow(0, 15, 12)));
  const auto ids = torch::tensor({41, 7, 59, 20});
  CHECK(torch::equal(made.at(ids), first_views.index_select(0, ids)));
  CHECK(torch::equal(made.range(20 * (kViews - 1), 20),
                     augment(kind, samples, torch::arange(20), Seed{7}, kViews - 1, 1.5)));
}

TEST_CASE("Views of vectors, which have no variation, are copies", "[training]") {
  const auto vectors = torch::rand({4, 6});
  CHECK(with_views(Augmentation::none, vectors, 2, Seed{7}).equal(torch::cat({vectors, vectors})));
}

}  // namespace harmonic
