#include "worker/fusion/late_fusion.hpp"

#include <catch2/catch.hpp>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/error.hpp"
#include "worker/tensor/scratch_tensor.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

/// What one backbone says of some rows: of the label's own logit `lead` more than of the others, in noise.
Tensor says(const Tensor& labels, double lead, double noise, int classes = 4) {
  return lead * at::one_hot(labels, classes).to(torch::kFloat32) + noise * torch::randn({labels.size(0), classes});
}

struct Split {
  Tensor labels;
  std::vector<Tensor> features, logits;

  [[nodiscard]] Samples samples(LabelKind kind = LabelKind::classification) const {
    return make_samples(
        features, logits,
        {kind == LabelKind::classification ? labels : at::one_hot(labels, 4).to(torch::kFloat32), kind, 4}, 4,
        torch::kCPU);
  }
};

/// One backbone that knows, one that guesses loudly; of each two features, of which the last one shows the label.
Split pair_of(int rows) {
  Split split;
  split.labels = torch::randint(4, {rows});
  split.logits = {says(split.labels, 4, 1), says(split.labels, 0, 8)};
  for (int m = 0; m < 2; ++m) {
    split.features.push_back(torch::randn({rows, 3, 4}));
    split.features.push_back(torch::randn({rows, 4, 4}) + 2 * at::one_hot(split.labels, 4).unsqueeze(2));
  }
  return split;
}

FusionSamples samples_of(LabelKind kind = LabelKind::classification) {
  torch::manual_seed(5);
  torch::set_num_threads(1);
  const Split train = pair_of(200), val = pair_of(120);
  return {train.samples(kind), val.samples(kind), {2, 2}};
}

TEST_CASE("Late fusion trusts the backbone that knows, and is the same every time", "[fusion][late]") {
  const FusionSamples samples = samples_of();
  const double plain = (samples.val.logits[0] + samples.val.logits[1])
                           .argmax(1)
                           .eq(samples.val.labels.values)
                           .to(torch::kFloat64)
                           .mean()
                           .item<double>() *
                       100;
  for (const auto& [word, late] : kLateFusions) {
    INFO(word);
    const auto trained = train_late_fusion(samples, late);
    CHECK(trained.metric_val > 90);
    CHECK(trained.metric_val > plain + 10);
    CHECK(trained.metric_val == Approx(evaluate_late_fusion(trained.weights, late, samples.val, samples.modalities)));
    for (const auto& [name, tensor] : train_late_fusion(samples, late).weights)
      CHECK(tensor.equal(trained.weights.at(name)));
  }
  const Tensor temperatures = train_late_fusion(samples, LateFusion::sum).weights.at("late.temperatures");
  CHECK(temperatures[1].item<double>() > 3 * temperatures[0].item<double>());
}

TEST_CASE("Late fusion of features that lie in a file is that of features in memory", "[fusion][late]") {
  torch::manual_seed(6);
  const Split train = pair_of(5000), val = pair_of(120);
  Split in_file = train;
  for (auto& feature : in_file.features) {
    const Tensor rows = feature.transpose(1, 2);  // as feature_rows has them
    feature = scratch_tensor(rows.sizes()).copy_(rows).transpose(1, 2);
  }
  const std::vector<int> modalities = {2, 2};
  const FusionSamples held{train.samples(), val.samples(), modalities},
      filed{in_file.samples(), val.samples(), modalities};
  REQUIRE(is_scratch(filed.train.features.back()));
  for (const auto late : {LateFusion::logits, LateFusion::maps}) {
    const auto expected = train_late_fusion(held, late), trained = train_late_fusion(filed, late);
    CHECK(trained.metric_val == expected.metric_val);
    for (const auto& [name, tensor] : expected.weights)
      CHECK(torch::allclose(trained.weights.at(name), tensor, 1e-2, 1e-2));  // sums in another order
    CHECK(torch::allclose(predict_late_fusion(trained.weights, late, filed.train, modalities),
                          predict_late_fusion(trained.weights, late, held.train, modalities), 1e-4, 1e-4));
  }
}

TEST_CASE("Late fusion of several labels a sample is judged by F1", "[fusion][late]") {
  const FusionSamples samples = samples_of(LabelKind::multilabel);
  for (const auto& [word, late] : kLateFusions) {
    INFO(word);
    CHECK(train_late_fusion(samples, late).metric_val > (late == LateFusion::sum ? 40 : 85));
  }
}

TEST_CASE("Temperatures stay finite where every sample is right", "[fusion][late]") {
  torch::manual_seed(2);
  Split split = pair_of(40);
  split.logits = {says(split.labels, 50, 0), says(split.labels, 50, 0)};
  const FusionSamples samples(split.samples(), split.samples(), {2, 2});
  const auto trained = train_late_fusion(samples, LateFusion::sum);
  CHECK(trained.metric_val == 100);
  const Tensor temperatures = trained.weights.at("late.temperatures");
  CHECK(temperatures.min().item<double>() > 0.05);
  CHECK(temperatures.isfinite().all().item<bool>());
}

TEST_CASE("A feature that never changes tells a late fusion nothing", "[fusion][late]") {
  torch::manual_seed(2);
  Split train = pair_of(60), val = pair_of(40);
  for (auto* split : {&train, &val}) split->features[1].select(1, 0).fill_(1e6);
  const FusionSamples samples(train.samples(), val.samples(), {2, 2});
  const auto trained = train_late_fusion(samples, LateFusion::maps);
  CHECK(trained.weights.at("late.weight").isfinite().all().item<bool>());
  CHECK(trained.metric_val > 60);
}

TEST_CASE("Weights of another late fusion are refused", "[fusion][late]") {
  const FusionSamples samples = samples_of();
  const auto refused = [&](const auto& weights, LateFusion late, const char* what) {
    CHECK_THROWS_AS(evaluate_late_fusion(weights, late, samples.val, samples.modalities), InputError);
    CHECK_THROWS_WITH(evaluate_late_fusion(weights, late, samples.val, samples.modalities), Catch::Contains(what));
  };
  const auto of = [&](LateFusion late) { return train_late_fusion(samples, late).weights; };
  refused(of(LateFusion::sum), LateFusion::maps, "no tensor late.weight");
  refused(of(LateFusion::logits), LateFusion::maps, "reads 8 numbers, the samples have 32");
  refused(of(LateFusion::logits), LateFusion::sum, "no tensor late.temperatures");
  auto of_three = of(LateFusion::sum);
  of_three["late.temperatures"] = torch::ones({3});
  refused(of_three, LateFusion::sum, "each of 2 backbones");
}

}  // namespace
}  // namespace harmonic
