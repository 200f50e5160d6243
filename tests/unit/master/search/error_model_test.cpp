#include "master/search/error_model.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <catch2/catch.hpp>

#include "core/base/rng.hpp"

namespace harmonic {
namespace {

constexpr int kBackbones = 12;  // a modality

/// Two modalities, whose backbones are told apart by their number.
ModelFeatures features(int image, int audio, double cells) {
  const auto error = [](int backbone) { return std::log(4.0 + 0.5 * backbone); };
  const auto cost = [](int backbone) { return std::log(1 + std::fmod(0.37 * backbone, 1.0)); };
  return {{error(image), error(audio)}, {cost(image), cost(audio), std::log(cells)}, {image, audio}};
}

/// Backbones' errors count unequally, more cells are worse, and there is a bend that no line follows.
double truth(const ModelFeatures& model) {
  return 0.8 * model.errors[0] + 0.3 * model.errors[1] + 0.2 * model.others[2] + 0.3 * std::sin(3 * model.errors[0]);
}

struct Answers {
  std::vector<ModelFeatures> models;
  std::vector<double> log_errors;
};

Answers answers(int count, double noise, std::uint64_t seed = 1) {
  RandomStream random(Seed{seed}, "answers");
  Answers made;
  for (int i = 0; i < count; ++i) {
    const auto image = static_cast<int>(random.below(kBackbones)), audio = static_cast<int>(random.below(kBackbones));
    made.models.push_back(features(image, audio, 1.0 + static_cast<double>(random.below(4))));
    made.log_errors.push_back(truth(made.models.back()) + noise * random.normal());
  }
  return made;
}

TEST_CASE("A known function is learned", "[master][error_model]") {
  const auto known = answers(60, 0.02), unseen = answers(200, 0, 2);
  const auto predicted = ErrorModel(known.models, known.log_errors).predict(unseen.models);
  double squares = 0, spread = 0;
  const double mean = std::accumulate(unseen.log_errors.begin(), unseen.log_errors.end(), 0.0) / 200;
  for (std::size_t i = 0; i < 200; ++i) {
    squares += std::pow(predicted[i].mean - unseen.log_errors[i], 2);
    spread += std::pow(unseen.log_errors[i] - mean, 2);
  }
  CHECK(squares < 0.02 * spread);
}

TEST_CASE("The noise of the answers is estimated", "[master][error_model]") {
  const double noise = GENERATE(0.03, 0.1, 0.3);
  const auto known = answers(150, noise);
  CHECK(ErrorModel(known.models, known.log_errors).noise() == Approx(noise).epsilon(0.3));
}

TEST_CASE("Predictions are calibrated: as many truths as should lie within their deviations", "[master][error_model]") {
  int within_one = 0, within_two = 0, count = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto known = answers(30, 0.1, seed), unseen = answers(50, 0, 100 + seed);
    const auto predicted = ErrorModel(known.models, known.log_errors).predict(unseen.models);
    for (std::size_t i = 0; i < unseen.models.size(); ++i, ++count) {
      const double away = std::abs(predicted[i].mean - unseen.log_errors[i]) / predicted[i].deviation;
      within_one += away < 1 ? 1 : 0;
      within_two += away < 2 ? 1 : 0;
    }
  }
  CHECK(within_one > 0.55 * count);  // 0.68 of a normal
  CHECK(within_one < 0.85 * count);
  CHECK(within_two > 0.9 * count);  // 0.95
}

TEST_CASE("What a backbone gave before is expected of it again", "[master][error_model]") {
  // All look the same, but models with backbone 3 are worse.
  Answers known;
  for (int i = 0; i < 40; ++i) {
    const int image = i % 5, audio = i % 8;
    known.models.push_back({{1, 1}, {0}, {image, audio}});
    known.log_errors.push_back(1 + (image == 3 ? 0.5 : 0.0));
  }
  const auto predicted = ErrorModel(known.models, known.log_errors)
                             .predict({{{1, 1}, {0}, {3, 100}}, {{1, 1}, {0}, {2, 100}}, {{1, 1}, {0}, {100, 101}}});
  CHECK(predicted[0].mean > predicted[1].mean + 0.4);
  CHECK(predicted[2].mean > predicted[1].mean);
  CHECK(predicted[2].mean < predicted[0].mean);
  CHECK(predicted[2].deviation > predicted[0].deviation);
}

TEST_CASE("Without answers a model is expected to have the geometric mean of its backbones' errors",
          "[master][error_model]") {
  const auto predicted = ErrorModel({}, {}).predict({{{std::log(2), std::log(8)}, {1, 2}, {0, 0}}});
  REQUIRE(predicted.size() == 1);
  CHECK(std::exp(predicted[0].mean) == Approx(4));
  CHECK(predicted[0].deviation > 0);
}

TEST_CASE("Few answers, equal ones and equal models give numbers", "[master][error_model]") {
  const int count = GENERATE(0, 1, 2, 3, 50);
  const bool alike = GENERATE(true, false);
  Answers known = answers(count, 0);
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (alike) known.models[at] = known.models[0];
    known.log_errors[at] = 1.5;
  }
  const ErrorModel model(known.models, known.log_errors);
  CHECK(model.noise() > 0);
  for (const auto& prediction : model.predict(answers(10, 0, 3).models)) {
    CHECK(std::isfinite(prediction.mean));
    CHECK(std::isfinite(prediction.deviation));
    CHECK(prediction.deviation >= 0);
  }
  CHECK(model.predict({}).empty());
}

TEST_CASE("One prediction is the same alone and among many", "[master][error_model]") {
  const auto known = answers(20, 0.1), unseen = answers(1500, 0, 2);
  const ErrorModel model(known.models, known.log_errors);
  const auto all = model.predict(unseen.models);
  for (const std::size_t i : {0U, 700U, 1499U}) {
    const auto alone = model.predict({unseen.models[i]});
    CHECK(alone[0].mean == Approx(all[i].mean));
    CHECK(alone[0].deviation == Approx(all[i].deviation));
  }
}

}  // namespace
}  // namespace harmonic
