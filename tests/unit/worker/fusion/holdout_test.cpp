#include "worker/fusion/holdout.hpp"

#include <set>

#include <catch2/catch.hpp>
#include <torch/types.h>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

/// Samples whose one feature is their own number, in two views.
Samples numbered(const Tensor& labels, LabelKind kind, int classes) {
  const Tensor numbers = torch::arange(labels.size(0)).to(torch::kFloat32).repeat({2}).view({-1, 1, 1});
  return make_samples({numbers}, {}, {at::cat({labels, labels}), kind, classes, /*views=*/2}, 1, torch::kCPU);
}

std::multiset<float> numbers_of(const Samples& samples) {
  const Tensor flat = samples.features[0].flatten();
  return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

TEST_CASE("A fifth of every class is held out, all views of a sample on one side", "[fusion][holdout]") {
  const Tensor labels = at::cat({torch::zeros({20}), torch::ones({10}), torch::full({5}, 2)}).to(torch::kInt64);
  const Samples train = numbered(labels, LabelKind::classification, 3);
  const auto [taught, guide] = hold_out(train, 7);
  CHECK(guide.count() == 4 + 2 + 1);
  CHECK(taught.count() == 35 - 7);
  CHECK(at::bincount(guide.labels.values).equal(torch::tensor({8, 4, 2})));
  auto all = numbers_of(taught), held = numbers_of(guide);
  for (const float number : held) {
    CHECK(held.count(number) == 2);
    CHECK_FALSE(all.contains(number));
  }
  all.merge(held);
  CHECK(all == numbers_of(train));
  CHECK(guide.features[0].flatten().slice(0, 0, 7).equal(guide.features[0].flatten().slice(0, 7)));
  CHECK(numbers_of(hold_out(train, 7).guide) == numbers_of(guide));
  CHECK(numbers_of(hold_out(train, 8).guide) != numbers_of(guide));
}

TEST_CASE("Of samples with several labels a fifth of all is held out; of very few two are", "[fusion][holdout]") {
  const Tensor labels = torch::ones({30, 4});
  CHECK(hold_out(numbered(labels, LabelKind::multilabel, 4), 1).guide.count() == 6);
  const auto few = hold_out(numbered(torch::arange(4), LabelKind::classification, 4), 1);
  CHECK(few.guide.count() == 2);
  CHECK(few.taught.count() == 2);
  CHECK_THROWS_AS(hold_out(numbered(torch::arange(3), LabelKind::classification, 3), 1), InputError);
}

}  // namespace
}  // namespace harmonic
