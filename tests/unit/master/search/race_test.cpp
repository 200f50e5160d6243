#include "master/search/race.hpp"

#include <cmath>

#include <catch2/catch.hpp>

#include "core/base/statistics.hpp"
#include "master/models/retraining_noise.hpp"
#include "master/models/standard_errors.hpp"

namespace harmonic {
namespace {

using Ids = std::vector<CandidateId>;

/// Models whose two costs stand in their macro-architecture.
class Models {
 public:
  Models() {
    archive_.price_with([](const MultimodalGenome& genome, const Genotype&) {
      return ModelCosts{{}, {static_cast<double>(genome.macro.cells), static_cast<double>(genome.macro.nodes)}};
    });
  }
  /// @param retrained metrics of its retrainings
  Models& add(std::uint64_t id, MacroArchitecture costs, std::vector<double> retrained) {
    ScoredModel model{CandidateId{id}, 1};
    model.genome.macro = costs;
    for (const double metric : retrained) model.metric_val += metric / static_cast<double>(retrained.size());
    model.retrained = std::move(retrained);
    archive_.add(std::move(model));
    return *this;
  }
  [[nodiscard]] const Archive& archive() const { return archive_; }
  [[nodiscard]] Ids next(int limit = 3, const std::set<CandidateId>& failed = {}) const {
    return next_retrainings(archive_, limit, failed);
  }

 private:
  Archive archive_;
};

Ids ids(std::initializer_list<std::uint64_t> values) {
  Ids made;
  for (const auto value : values) made.emplace_back(value);
  return made;
}

/// Ten models that are too dear and too bad for any front, and of which the noise is known: 1, with 10 degrees of
/// freedom.
Models with_noise_of_one() {
  Models models;
  for (std::uint64_t i = 0; i < 10; ++i) models.add(900 + i, {100, 100}, {10 - std::sqrt(0.5), 10 + std::sqrt(0.5)});
  return models;
}

TEST_CASE("The noise of retraining is pooled over models that have two and more; without any it is not known",
          "[master][race]") {
  Models models;
  models.add(1, {1, 1}, {90}).add(2, {1, 1}, {});
  CHECK_FALSE(retraining_noise(models.archive()).has_value());
  models.add(3, {1, 1}, {90, 92}).add(4, {1, 1}, {50, 53, 56});
  const auto noise = retraining_noise(models.archive());
  REQUIRE(noise.has_value());
  CHECK(noise->freedom == 3);
  CHECK(noise->deviation == Approx(std::sqrt((2.0 + 18.0) / 3)));
  CHECK(retraining_noise(with_noise_of_one().archive())->deviation == Approx(1));
}

TEST_CASE("Before the noise is known the front is retrained once more, up to the limit", "[master][race]") {
  Models models;
  models.add(1, {1, 1}, {90}).add(2, {2, 2}, {95}).add(3, {3, 3}, {94});
  CHECK(models.next() == ids({1, 2}));
  CHECK(models.next(1).empty());
  CHECK(models.next(3, {CandidateId{2}}) == ids({1}));
}

TEST_CASE("A model that a cheaper one may equal races it; one that is told apart does not", "[master][race]") {
  const double margin = student_quantile(0.95, 10) * std::sqrt(2.0);  // of single retrainings
  auto near = with_noise_of_one(), far = with_noise_of_one();
  near.add(1, {1, 1}, {90}).add(2, {2, 2}, {90 + 0.99 * margin});
  far.add(1, {1, 1}, {90}).add(2, {2, 2}, {90 + 1.01 * margin});
  CHECK(near.next() == ids({1, 2}));
  CHECK(far.next().empty());
  // The same of a model that the cheaper one keeps off the front.
  auto off = with_noise_of_one(), hopeless = with_noise_of_one();
  off.add(1, {1, 1}, {90}).add(2, {2, 2}, {90 - 0.99 * margin});
  hopeless.add(1, {1, 1}, {90}).add(2, {2, 2}, {90 - 1.01 * margin});
  CHECK(off.next() == ids({1, 2}));
  CHECK(hopeless.next().empty());
  CHECK(contenders(hopeless.archive()) == ids({1}));
  CHECK(contenders(off.archive()) == ids({1, 2}));
}

TEST_CASE("Models of which each costs less in something do not compete", "[master][race]") {
  auto models = with_noise_of_one();
  models.add(1, {1, 2}, {90}).add(2, {2, 1}, {90.1});
  CHECK(models.next().empty());
}

TEST_CASE("What cannot be on the front is not retrained, however near it is to one of its members", "[master][race]") {
  auto models = with_noise_of_one();
  models.add(1, {1, 1}, {95}).add(2, {3, 3}, {99}).add(3, {2, 2}, {90});  // 3 is near to nobody, and worse than 1
  models.add(4, {1, 1}, {89});
  CHECK(models.next().empty());
  models.add(5, {2, 1}, {94});  // which may be 1's equal
  CHECK(models.next() == ids({1, 5}));
}

TEST_CASE("Retrainings end at the limit, for each of two that race", "[master][race]") {
  auto models = with_noise_of_one();
  models.add(1, {1, 1}, {90, 90.5, 89.5}).add(2, {2, 2}, {90.3});
  CHECK(models.next(3) == ids({2}));
  CHECK(models.next(4) == ids({1, 2}));
  models.add(2, {2, 2}, {90.3, 90.3, 90.3});
  CHECK(models.next(3).empty());
}

TEST_CASE("More retrainings tell closer metrics apart", "[master][race]") {
  auto once = with_noise_of_one(), often = with_noise_of_one();
  once.add(1, {1, 1}, {90}).add(2, {2, 2}, {92});
  often.add(1, {1, 1}, {89, 90, 91, 90}).add(2, {2, 2}, {91, 92, 93, 92});
  CHECK(once.next(9) == ids({1, 2}));
  CHECK(often.next(9).empty());
}

TEST_CASE("Models that are equal in costs and metric do not race each other", "[master][race]") {
  auto equal = with_noise_of_one();
  equal.add(1, {1, 1}, {90}).add(2, {1, 1}, {90});
  CHECK(equal.next().empty());
  equal.add(3, {1, 1}, {89.5});
  CHECK(equal.next() == ids({1, 2, 3}));
}

TEST_CASE("Equal retrainings do not show that there is no noise: the front is retrained until some differ",
          "[master][race]") {
  Models coarse;
  coarse.add(1, {1, 1}, {90, 90}).add(2, {2, 2}, {90.01}).add(3, {2, 2}, {90});
  CHECK_FALSE(retraining_noise(coarse.archive()).has_value());
  CHECK(coarse.next() == ids({1, 2}));
  CHECK(coarse.next(2) == ids({2}));
  CHECK(contenders(coarse.archive()) == ids({1, 2}));
}

TEST_CASE("Where the front is of models without noise, the front of the others tells it", "[master][race]") {
  Models models;
  models.add(1, {0, 0}, {99}).add(2, {1, 2}, {95}).add(3, {2, 1}, {96}).add(4, {2, 2}, {94}).add(5, {1, 1}, {90});
  CHECK(models.archive().front() == ids({1}));
  CHECK(models.next() == ids({2, 3, 5}));
}

TEST_CASE("A model that trains nothing at random is never retrained, but others race it", "[master][race]") {
  auto models = with_noise_of_one();
  models.add(1, {0, 0}, {90}).add(2, {2, 2}, {91});
  CHECK(models.next() == ids({2}));
  CHECK(retraining_variance(models.archive().models().at(CandidateId{1}), 1) == 0);
}

TEST_CASE("A standard error is of retraining and of the samples together, and never none", "[master][race]") {
  ScoredModel model;
  model.genome.macro = {1, 1};
  model.metric_val = 96;
  model.retrained = {95, 96, 97, 96};
  model.metric_test = 100;
  const SampleCounts samples{96, 396};
  const double share = (0.96 * 96 + 2) / 100;
  const double of_samples = 1e4 * share * (1 - share) / 96;
  CHECK(metric_val_error(model, 0, samples) == Approx(std::sqrt(of_samples)));
  CHECK(metric_val_error(model, 3, samples) == Approx(std::sqrt(of_samples + 9.0 / 4)));
  CHECK(metric_test_error(model, samples).value() == Approx(100 * std::sqrt(0.995 * 0.005 / 396)));
  model.metric_test.reset();
  CHECK_FALSE(metric_test_error(model, samples).has_value());
}

}  // namespace
}  // namespace harmonic
