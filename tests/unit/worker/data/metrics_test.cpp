#include "worker/data/metrics.hpp"

#include <sstream>

#include <catch2/catch.hpp>

#include "tests/unit/worker/data/weighted_f1_cases.hpp"
#include "worker/data/metric_interval.hpp"

namespace harmonic {

TEST_CASE("Accuracy counts the samples whose largest logit is the label's", "[metrics]") {
  const auto logits = torch::tensor({{0.1, 2.0, 0.0}, {3.0, 1.0, 1.0}, {0.0, 0.0, 1.0}, {5.0, 6.0, 4.0}});
  CHECK(metric_percent(logits, torch::tensor({1, 0, 1, 2}), LabelKind::classification) == Approx(50.0));
}

TEST_CASE("Weighted F1 weighs every class by its true count", "[metrics]") {
  // Sigmoid 0.3 is at logit -0.8473. Predictions: {1,0,0}, {1,1,0}, {0,1,0}, {0,0,0}.
  const auto logits = torch::tensor({{-0.8, -2.0, -3.0}, {1.0, 0.0, -2.0}, {-1.0, 4.0, -1.0}, {-0.9, -2.0, -2.0}});
  const auto labels = torch::tensor({{1.0, 0.0, 0.0}, {1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {1.0, 0.0, 1.0}});
  // Class 0: TP 2 of 2 predicted, 3 true: F1 0.8. Class 1: TP 1, predicted 2, true 1: 2/3. Class 2: none found: 0.
  CHECK(weighted_f1_percent(logits, labels) == Approx(100 * (3 * 0.8 + 1 * 2.0 / 3 + 0) / 5));
}

TEST_CASE("A metric's interval is as wide as few samples make it, and the same every time", "[metrics]") {
  const auto labels = torch::tensor({1, 0, 1, 2});
  const auto logits = torch::tensor({{0.1, 2.0, 0.0}, {3.0, 1.0, 1.0}, {0.0, 0.0, 1.0}, {5.0, 6.0, 4.0}});
  const auto accuracy = metric_interval(logits, labels, LabelKind::classification);
  const auto share = share_interval(0.5, 4);
  CHECK(accuracy == Interval{100 * share.low, 100 * share.high});
  CHECK_FALSE(drawn_interval(logits, labels, LabelKind::classification));  // the metric tells it
  const auto interval_of = [](std::int64_t samples) {
    const auto truths = (at::arange(3 * samples).reshape({samples, 3}) % 2).to(torch::kFloat32);
    const auto said = at::where((at::arange(samples) % 5 == 0).unsqueeze(1), 1 - truths, truths) * 4 - 2;
    const auto metric = metric_percent(said, truths, LabelKind::multilabel);
    const auto interval = drawn_interval(said, truths, LabelKind::multilabel).value();
    CHECK(interval.low < metric);
    CHECK(interval.high > metric);
    CHECK(drawn_interval(said, truths, LabelKind::multilabel) == interval);
    return interval.high - interval.low;
  };
  CHECK(interval_of(400) == Approx(interval_of(100) / 2).epsilon(0.2));
}

TEST_CASE("Weighted F1 is scikit-learn's on 50 random cases", "[metrics]") {
  std::istringstream file{kWeightedF1Cases};
  int cases = 0;
  std::int64_t samples = 0, classes = 0;
  for (double expected = 0; file >> samples >> classes >> expected; ++cases) {
    const auto table = [&] {
      auto values = torch::empty({samples, classes});
      for (std::int64_t i = 0; i < values.numel(); ++i) file >> values.data_ptr<float>()[i];
      return values;
    };
    const auto logits = table(), truth = table();
    REQUIRE(file);
    INFO("case " << cases);
    CHECK(weighted_f1_percent(logits, truth) == Approx(expected).margin(1e-9));
  }
  CHECK(cases == 50);
}

TEST_CASE("Weighted F1 of labels that are all empty is 0", "[metrics]") {
  CHECK(weighted_f1_percent(torch::ones({3, 2}), torch::zeros({3, 2})) == 0);
}

TEST_CASE("Label smoothing spreads its share over all classes", "[metrics]") {
  const auto logits = torch::tensor({{2.0, 0.0}});
  const double log_z = std::log(std::exp(2.0) + 1.0);
  CHECK(task_loss(logits, torch::tensor({0}), LabelKind::classification, 0.1).item<double>() ==
        Approx(0.95 * (log_z - 2.0) + 0.05 * log_z));
}

}  // namespace harmonic
