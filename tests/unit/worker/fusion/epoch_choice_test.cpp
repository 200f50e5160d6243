#include "worker/fusion/epoch_choice.hpp"

#include <catch2/catch.hpp>
#include <torch/types.h>
#include <torch/utils.h>

using namespace harmonic;

namespace {
/// Logits of two classes that are right (label 0) where `right` is 1.
torch::Tensor predictions(const torch::Tensor& right) {
  return torch::stack({right, 1 - right}, 1).to(torch::kFloat32) * 4;
}
}  // namespace

TEST_CASE("The metric is not raised by choosing among epochs of pure chance", "[fusion]") {
  torch::manual_seed(5);
  const std::int64_t n = 200;
  const auto labels = torch::zeros({n}, torch::kInt64);
  double sum = 0, best_sum = 0;
  const int trainings = 40;
  for (int t = 0; t < trainings; ++t) {
    EpochChoice choice(Labels{labels, LabelKind::classification, 2});
    double best = 0;
    for (int epoch = 0; epoch < 50; ++epoch) {
      const auto right = (torch::rand({n}) < 0.9).to(torch::kFloat32);
      choice.add_epoch(predictions(right));
      best = std::max(best, 100 * right.mean().item<double>());
    }
    sum += choice.metric();
    best_sum += best;
  }
  CHECK(best_sum / trainings > 93);                  // what the best epoch says of itself
  CHECK(sum / trainings == Approx(90).margin(1.0));  // what others say of it
}

TEST_CASE("An epoch that is better on all samples is the one that counts", "[fusion]") {
  const auto labels = torch::zeros({10}, torch::kInt64);
  EpochChoice choice(Labels{labels, LabelKind::classification, 2});
  auto right = torch::ones({10});
  right.narrow(0, 0, 4).zero_();
  choice.add_epoch(predictions(right));
  CHECK(choice.metric() == Approx(60));
  choice.add_epoch(predictions(torch::ones({10})));
  choice.add_epoch(predictions(right));
  CHECK(choice.metric() == Approx(100));
}

TEST_CASE("One sample both chooses and judges", "[fusion]") {
  EpochChoice choice(Labels{torch::zeros({1}, torch::kInt64), LabelKind::classification, 2});
  choice.add_epoch(predictions(torch::ones({1})));
  CHECK(choice.metric() == Approx(100));
}

TEST_CASE("The views of a sample stay on its side: an epoch right on some samples in all views says so of the others",
          "[fusion]") {
  const std::int64_t samples = 40;
  const int views = 3;
  const auto labels = torch::zeros({views * samples}, torch::kInt64);
  // Per sample right or wrong in all views alike. Were views dealt apart, a half would choose what the other knows too.
  torch::manual_seed(3);
  double sum = 0;
  const int trainings = 60;
  for (int t = 0; t < trainings; ++t) {
    EpochChoice choice(Labels{labels, LabelKind::classification, 2, views});
    for (int epoch = 0; epoch < 40; ++epoch)
      choice.add_epoch(predictions((torch::rand({samples}) < 0.8).to(torch::kFloat32).repeat({views})));
    sum += choice.metric();
  }
  CHECK(sum / trainings == Approx(80).margin(2.0));
}
