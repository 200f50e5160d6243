#include "worker/fusion/fusion_search.hpp"

#include <algorithm>
#include <iostream>
#include <limits>
#include <set>
#include <utility>

#include <catch2/catch.hpp>
#include <torch/cuda.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tests/support/test_device.hpp"
#include "worker/fusion/derived_network.hpp"
#include "worker/fusion/lanes.hpp"
#include "worker/fusion/learning_rate.hpp"
#include "worker/fusion/mixed_search.hpp"
#include "worker/fusion/not_finite.hpp"
#include "worker/fusion/retraining.hpp"
#include "worker/fusion/state.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

const std::vector<double> kLatencyMs = {0.05, 0.4, 0.53, 0.52, 0.33, 0.57};

/// Training losses by epoch, of any kind of result.
template <class Result>
std::vector<double> losses_of(const Result& result) {
  std::vector<double> losses;
  for (const auto& epoch : result.epochs) losses.push_back(epoch.loss_train);
  return losses;
}

OperatorCosts costs() {
  return {{1.0}, {{{kLatencyMs}, {{}}}}};
}

/// One split before it is made to samples.
struct SplitFeatures {
  std::vector<Tensor> features, logits;
  Labels labels;

  [[nodiscard]] Samples samples(torch::Device device = testing::test_device()) const {
    return make_samples(features, logits, labels, /*positions=*/4, device);
  }
};

struct PairFeatures {
  SplitFeatures train, val;

  std::vector<int> modalities;

  [[nodiscard]] FusionSamples samples(torch::Device device = testing::test_device()) const {
    return {train.samples(device), val.samples(device), modalities};
  }
};

/// Two modalities that each tell half of the label: the inputs of the one show its high, of the other its low bit, in
/// noise.
PairFeatures synthetic(const std::vector<int>& channels, LabelKind kind, int vector_inputs = 0) {
  torch::manual_seed(11);
  const std::size_t first = channels.size() / 2;
  const auto split = [&](int samples) {
    SplitFeatures made;
    const Tensor classes = torch::randint(4, {samples});
    for (std::size_t i = 0; i < channels.size(); ++i) {
      const bool vector = static_cast<int>(channels.size() - i) <= vector_inputs;
      Tensor feature = torch::randn({samples, channels[i], vector ? 1 : 4});
      const Tensor bit = (i >= first ? at::bitwise_and(classes, 1) : at::div(classes, 2, "floor")).to(torch::kFloat32);
      feature.select(1, 0) += 3 * (2 * bit - 1).unsqueeze(1);
      made.features.push_back(feature);
    }
    made.labels = {kind == LabelKind::classification ? classes : at::one_hot(classes, 4).to(torch::kFloat32), kind, 4};
    return made;
  };
  SplitFeatures train = split(120), val = split(60);
  return {std::move(train), std::move(val), {static_cast<int>(first), static_cast<int>(channels.size() - first)}};
}

FusionSettings small_settings() {
  FusionSettings settings;
  settings.channels = 8;
  settings.side = 2;
  settings.epochs = 6;
  settings.warmup_epochs = 1;
  settings.batch = 32;
  settings.weight_lr = 1e-2;
  settings.retrain_epochs = 10;
  settings.retrain_batch = 16;
  settings.retrain_lr = 1e-2;
  return settings;
}

double fusion_latency_ms(const Genotype& genotype, const FusionSettings& settings) {
  double sum = 0;
  for (const auto& name : operators_of(genotype))
    sum += kLatencyMs.at(static_cast<std::size_t>(
        std::find(settings.operators.begin(), settings.operators.end(), name) - settings.operators.begin()));
  return sum;
}

}  // namespace

TEST_CASE("A fusion network that adds the backbones' logits starts as their sum and learns what they do not know",
          "[fusion]") {
  torch::set_num_threads(1);
  auto pair = synthetic({3, 5, 4, 6}, LabelKind::classification);
  for (auto* split : {&pair.train, &pair.val})  // one backbone that knows the high bit, one that knows nothing
    split->logits = {
        4 * at::one_hot(split->labels.values, 4).view({-1, 2, 2}).sum(2).repeat_interleave(2, 1).to(torch::kFloat32),
        torch::zeros({split->labels.values.size(0), 4})};
  const FusionSamples data = pair.samples();
  const auto genotype = parse_genotype("0+2:Sum(0,1) | 1+3:ConcatFC(0,1) -> 4,5");
  FusionSettings settings = small_settings();
  torch::manual_seed(3);
  DerivedNetwork network(genotype, data.val.channels(), 4, state_shape(settings), 2);
  const Tensor start = network.forward(data.val.features, Mode::eval, data.val.logits);
  CHECK(start.equal(data.val.logits[0] + data.val.logits[1]));
  const auto trained = retrain_fusion(data, genotype, settings, 1);
  CHECK(trained.weights.at("head.scales").sizes() == torch::IntArrayRef{2});
  CHECK(trained.kept_metric_val > 90);  // the sum alone: 50
  CHECK(evaluate_model(trained.weights, genotype, data.val, settings) == trained.kept_metric_val);
  settings.backbone_logits = false;
  CHECK(retrain_fusion(data, genotype, settings, 1).weights.count("head.scales") == 0);
}

TEST_CASE("Logits that do not belong to the samples are refused", "[fusion]") {
  auto pair = synthetic({3, 5, 4, 6}, LabelKind::classification);
  const auto refused = [&](const char* what) { CHECK_THROWS_WITH(pair.samples(), Catch::Contains(what)); };
  const auto rows = pair.train.labels.values.size(0), val_rows = pair.val.labels.values.size(0);
  pair.train.logits = {torch::zeros({rows, 4}), torch::zeros({rows, 3})};
  refused("logits of backbone 1 are 120 x 3, not 120 x 4");
  pair.train.logits[1] = torch::full({rows, 4}, std::nan(""));
  refused("not finite");
  pair.train.logits[1] = torch::zeros({rows, 4});
  refused("differ");
  pair.train.logits.pop_back();
  pair.val.logits = {torch::zeros({val_rows, 4})};
  refused("2 modalities have the logits of 1 backbones");
}

TEST_CASE("The same seed gives the same fusion search bit for bit, another seed another", "[fusion][device][exact]") {
  torch::set_num_threads(1);
  const FusionSamples data = synthetic({3, 5, 4, 6}, LabelKind::classification).samples();
  const auto run = [&](std::uint64_t seed) { return search_fusion(data, {2, 1}, small_settings(), costs(), seed); };
  const auto first = run(1), second = run(1), other = run(2);
  CHECK(first.genotype == second.genotype);
  CHECK(first.metric_val == second.metric_val);
  CHECK(losses_of(first) == losses_of(second));
  CHECK(first.operator_entropy == second.operator_entropy);
  REQUIRE(first.weights.size() == second.weights.size());
  for (const auto& [name, tensor] : first.weights) CHECK(tensor.equal(second.weights.at(name)));
  CHECK(losses_of(first) != losses_of(other));
}

TEST_CASE("A fusion search on two half-informed modalities learns what neither knows alone", "[fusion][device]") {
  const FusionSamples data = synthetic({3, 5, 4, 6}, LabelKind::classification).samples();
  const auto settings = small_settings();
  const auto result = search_fusion(data, {2, 1}, settings, costs(), 1);
  CHECK(result.metric_val > 85);  // one modality alone: 50
  CHECK(losses_of(result).back() < losses_of(result).front());
  CHECK(evaluate_model(result.weights, result.genotype, data.val, settings) == Approx(result.kept_metric_val));
  for (const auto& epoch : result.epochs) {
    CHECK(epoch.learning_rate > settings.weight_lr_min);
    CHECK(epoch.learning_rate < settings.weight_lr);
    CHECK_FALSE((epoch.loss_val || epoch.metric_val || epoch.metric_test));  // nothing is measured for show
  }
  // The epochs of the training whose weights were kept: one of them has their metric.
  const auto& retraining = result.retraining;
  REQUIRE_FALSE(retraining.empty());
  const auto best = std::ranges::max_element(retraining, {}, [](const auto& epoch) { return *epoch.metric_val; });
  CHECK(*best->metric_val == result.kept_metric_val);
  CHECK(retraining.front().learning_rate == settings.retrain_lr);
  CHECK(std::ranges::is_sorted(retraining, std::ranges::greater{}, &FusionEpoch::learning_rate));
  CHECK(retraining.back().loss_train < retraining.front().loss_train);
  CHECK(*retraining.back().loss_val < *retraining.front().loss_val);
}

TEST_CASE("A heavier latency weight finds faster fusions on average", "[fusion][device]") {
  const FusionSamples data = synthetic({3, 5, 4, 6}, LabelKind::classification).samples();
  auto settings = small_settings();
  settings.retrain_epochs = 1;
  const auto mean_latency_ms = [&](double weight) {
    settings.cost_weights[kLatency] = weight;
    double sum = 0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
      sum += fusion_latency_ms(search_fusion(data, {2, 2}, settings, costs(), seed).genotype, settings);
    return sum / 5;
  };
  CHECK(mean_latency_ms(10.0) < mean_latency_ms(0.0));
}

TEST_CASE("A lower temperature leaves the operators decided", "[fusion][device]") {
  const FusionSamples data = synthetic({3, 5, 4, 6}, LabelKind::classification).samples();
  auto settings = small_settings();
  settings.retrain_epochs = 1;
  const auto entropy = [&](double temperature) {
    settings.arch_temperature = temperature;
    return search_fusion(data, {2, 1}, settings, costs(), 1).operator_entropy;
  };
  CHECK(entropy(1.0) > 0.8);
  CHECK(entropy(0.1) < 0.5);
}

TEST_CASE("The architecture's progress runs from its first epoch to the last", "[fusion]") {
  FusionSettings settings;
  settings.epochs = 12;
  settings.warmup_epochs = 2;
  CHECK(architecture_progress(0, settings) == 0);
  CHECK(architecture_progress(2, settings) == 0);
  CHECK(architecture_progress(11, settings) == 1);
  settings.epochs = 3;  // a single epoch: decided at once
  CHECK(architecture_progress(2, settings) == 1);
}

TEST_CASE("With weight 0 the operators' costs do not change the search", "[fusion][device][exact]") {
  const FusionSamples data = synthetic({3, 5}, LabelKind::classification).samples();
  auto settings = small_settings();
  settings.cost_weights = every_quantity(0.0);
  OperatorCosts reversed = costs();
  std::reverse(reversed.tables[kLatency][0].begin(), reversed.tables[kLatency][0].end());
  const auto a = search_fusion(data, {1, 1}, settings, costs(), 3);
  const auto b = search_fusion(data, {1, 1}, settings, reversed, 3);
  CHECK(a.genotype == b.genotype);
  CHECK(losses_of(a) == losses_of(b));
}

TEST_CASE("Fusion takes three modalities, one of vectors, and more cells than pairs of inputs", "[fusion][device]") {
  PairFeatures features = synthetic({3, 4, 5, 6, 7}, LabelKind::classification, /*vector_inputs=*/2);
  features.modalities = {2, 1, 2};
  const FusionSamples data = features.samples();
  const auto settings = small_settings();
  const auto result = search_fusion(data, {3, 2}, settings, costs(), 1);
  CHECK(result.genotype.cells.size() == 3);
  CHECK(result.metric_val > 60);
  const FusionSamples two = synthetic({3, 4}, LabelKind::classification).samples();
  CHECK(search_fusion(two, {4, 1}, settings, costs(), 1).genotype.cells.size() == 4);
}

TEST_CASE("Fusion learns multilabel data and reports their weighted F1", "[fusion][device]") {
  const FusionSamples data = synthetic({3, 5, 4, 6}, LabelKind::multilabel).samples();
  auto settings = small_settings();
  settings.retrain_epochs = 30;
  const auto result = search_fusion(data, {2, 1}, settings, costs(), 1);
  CHECK(result.metric_val > 70);  // one modality alone: 67, half of the classes for every sample
  CHECK(evaluate_model(result.weights, result.genotype, data.val, settings) == Approx(result.kept_metric_val));
}

TEST_CASE("Fusion learns from views of the samples and is measured on all of them", "[fusion][device]") {
  PairFeatures pair = synthetic({3, 5, 4, 6}, LabelKind::classification);
  for (auto* split : {&pair.train, &pair.val}) {
    for (auto& feature : split->features) feature = at::cat({feature, feature + 0.5 * torch::randn_like(feature)});
    split->labels.values = at::cat({split->labels.values, split->labels.values});
    split->labels.views = 2;
  }
  const FusionSamples data = pair.samples();
  const auto settings = small_settings();
  const auto result = search_fusion(data, {2, 1}, settings, costs(), 1);
  CHECK(result.metric_val > 80);
  CHECK(evaluate_model(result.weights, result.genotype, data.val, settings) == Approx(result.kept_metric_val));
  // A view of the training samples has its part in what is learnt.
  for (auto& feature : pair.train.features) {
    feature = feature.clone();
    feature.narrow(0, 120, 120).zero_();
  }
  CHECK(losses_of(search_fusion(pair.samples(), {2, 1}, settings, costs(), 1)) != losses_of(result));
}

TEST_CASE("The published protocol learns its architecture from test and reports the mixed network's best epoch there",
          "[fusion]") {
  const FusionSamples data = synthetic({3, 5, 4, 6}, LabelKind::classification).samples();
  const auto run = [&](const Samples& test, const OperatorCosts& operators) {
    return search_fusion_published(data, test, {2, 1}, small_settings(), operators, 1);
  };
  const auto found = run(data.val, costs());
  CHECK(found.genotype.cells.size() == 2);
  CHECK(losses_of(found).back() < losses_of(found).front());
  CHECK(found.metric_test == found.metric_val);  // here both are the same samples
  const auto best = std::ranges::max_element(found.epochs, {}, [](const auto& epoch) { return *epoch.metric_test; });
  CHECK(*best->metric_test == found.metric_test);
  CHECK(found.operator_entropy > 0.99);  // its learning rate decides nothing
  Samples relabelled = data.val;
  relabelled.labels.values = at::remainder(relabelled.labels.values + 1, 4);
  CHECK(run(relabelled, costs()).operator_entropy != found.operator_entropy);
  // The hardware terms stand in the loss of the weights, which they do not depend on.
  OperatorCosts reversed = costs();
  std::reverse(reversed.tables[kLatency][0].begin(), reversed.tables[kLatency][0].end());
  const auto with_other_costs = run(data.val, reversed);
  CHECK(losses_of(with_other_costs) == losses_of(found));
  CHECK(with_other_costs.genotype == found.genotype);
}

TEST_CASE("The architecture's turn: after every step of the weights, or a pass over its samples after every epoch",
          "[fusion][device]") {
  const FusionSamples data = synthetic({3, 5, 4, 6}, LabelKind::classification).samples();
  const auto settings = published_values(small_settings());
  const OperatorCosts operators = costs();
  const FusionLayout layout{{3, 5, 4, 6}, {2, 1}, settings.operators, 2, 4, {8, 4, 0.1}};
  const auto turns = [&](const SearchProtocol& protocol) {
    std::vector<bool> moved;  // before every step but the first: whether the architecture has been stepped
    const MixedLane lane{layout, 1};
    MixedSearch search(data.train, data.val, {&lane, 1}, settings, protocol);
    auto before = search.logits().values();
    const auto look = [&] {
      const auto now = search.logits().values();
      moved.push_back(now != before);
      before = now;
    };
    search.run_epoch(0, look);
    look();
    return std::vector<bool>(moved.begin() + 1, moved.end());
  };
  // Of 120 and 60 samples, 32 a batch: 4 steps of the weights, 2 batches of a pass over what the architecture sees.
  CHECK(turns(*honest_protocol(settings, operators)) == std::vector<bool>{true, true, true, true});
  CHECK(turns(*published_protocol(operators)) == std::vector<bool>{false, false, false, false, true, true});
}

TEST_CASE("A fusion search goes on from the architecture that another ended with", "[fusion][device]") {
  const FusionSamples data = synthetic({3, 5}, LabelKind::classification).samples();
  auto settings = small_settings();
  settings.retrain_epochs = 1;
  const auto before = search_fusion(data, {2, 2}, settings, costs(), 1);
  settings.arch_steps = 0;  // what is not stepped stays where it started
  const auto after = search_fusion(data, {2, 2}, settings, costs(), 2, {}, before.architecture);
  CHECK(after.architecture == before.architecture);
  CHECK(after.genotype == before.genotype);
  CHECK(after.operator_entropy == before.operator_entropy);
  const auto cold = search_fusion(data, {2, 2}, settings, costs(), 2);
  CHECK(cold.architecture != before.architecture);
  CHECK_THROWS_WITH(search_fusion(data, {1, 2}, settings, costs(), 2, {}, before.architecture),
                    Catch::Contains("architecture parameters"));
}

TEST_CASE("Pairs that train in one batched pass are searched as each alone", "[fusion][device]") {
  for (const LabelKind kind : {LabelKind::classification, LabelKind::multilabel}) {
    PairFeatures pair = synthetic({3, 5, 4}, kind, 1);
    const FusionSamples data = pair.samples();
    // Another pair's features of the same samples, of 6, 2 and 7 channels.
    for (auto* split : {&pair.train, &pair.val})
      for (const auto& [input, channels] : {std::pair(0, 6), std::pair(1, 2), std::pair(2, 7)}) {
        auto& feature = split->features[static_cast<std::size_t>(input)];
        const Tensor noisy = 0.7 * feature + 0.3 * torch::randn_like(feature);
        feature = at::cat({noisy, torch::randn({feature.size(0), 7, feature.size(2)})}, 1).narrow(1, 0, channels);
      }
    const FusionSamples other = pair.samples();
    auto settings = small_settings();
    settings.dropout = 0;
    settings.epochs = 3;
    settings.retrain_epochs = 2;
    const auto start = search_fusion(data, {2, 1}, settings, costs(), 9).architecture;
    const std::vector<FusionJob> jobs{{data, 1}, {other, 2}, {data, 3, start}};
    int epochs_seen = 0;
    FusionHooks hooks;
    hooks.progress = [&](const FusionProgress& progress) { epochs_seen += progress.retraining ? 0 : 1; };
    const auto together = search_fusions(jobs, {2, 1}, settings, costs(), hooks);
    CHECK(epochs_seen == settings.epochs);  // not one pass a pair
    REQUIRE(together.size() == jobs.size());
    for (std::size_t k = 0; k < jobs.size(); ++k) {
      INFO("pair " << k);
      const auto alone = search_fusion(jobs[k].samples, {2, 1}, settings, costs(), jobs[k].seed, {}, jobs[k].start);
      REQUIRE(losses_of(together[k]).size() == losses_of(alone).size());
      for (std::size_t e = 0; e < losses_of(alone).size(); ++e)
        CHECK(losses_of(together[k])[e] == Approx(losses_of(alone)[e]).margin(1e-3));
      CHECK(together[k].operator_entropy == Approx(alone.operator_entropy).margin(1e-3));
      REQUIRE(together[k].architecture.size() == alone.architecture.size());
      for (std::size_t i = 0; i < alone.architecture.size(); ++i)
        CHECK(together[k].architecture[i] == Approx(alone.architecture[i]).margin(1e-2));
      CHECK(together[k].genotype == alone.genotype);
      CHECK(together[k].metric_val == alone.metric_val);  // retrained alone, from the same seed
    }
    CHECK(losses_of(together[0]) != losses_of(together[2]));
  }
}

TEST_CASE("Retrainings side by side end as each alone, those that stop early too", "[fusion][device]") {
  const FusionSamples data = synthetic({3, 5}, LabelKind::classification).samples();
  const Genotype genotype = parse_genotype("0+1:ConcatFC(0,1),LinearGLU(2,0) -> 1,2");
  auto settings = small_settings();
  settings.dropout = 0;
  settings.retrain_epochs = 8;
  settings.retrain_patience = 1;
  const std::vector<std::uint64_t> seeds{1, 2, 3};
  const auto together = retrain_in_lanes(data, genotype, settings, seeds);
  REQUIRE(together.size() == seeds.size());
  std::set<std::size_t> epochs;
  for (std::size_t k = 0; k < seeds.size(); ++k) {
    INFO("seed " << seeds[k]);
    const auto alone = retrain_fusion(data, genotype, settings, seeds[k]);
    epochs.insert(losses_of(alone).size());
    REQUIRE(losses_of(together[k]).size() == losses_of(alone).size());
    for (std::size_t e = 0; e < losses_of(alone).size(); ++e)
      CHECK(losses_of(together[k])[e] == Approx(losses_of(alone)[e]).margin(1e-3));
    CHECK(together[k].metric_val == Approx(alone.metric_val).margin(1e-9));
    CHECK(together[k].kept_metric_val == Approx(alone.kept_metric_val).margin(1e-9));
    REQUIRE(together[k].weights.size() == alone.weights.size());
    for (const auto& [name, tensor] : alone.weights) {
      INFO(name);
      REQUIRE(together[k].weights.at(name).sizes() == tensor.sizes());
      CHECK((together[k].weights.at(name) - tensor).abs().max().item<double>() < 1e-2);
    }
  }
  CHECK(epochs.size() > 1);
}

TEST_CASE("A GPU searches and retrains as a CPU does", "[fusion][gpu]") {
  if (!torch::cuda::is_available()) {
    std::cout << "SKIPPED: no GPU here\n";
    return;
  }
  const PairFeatures pair = synthetic({3, 5, 4}, LabelKind::classification, 1);
  const FusionSamples data = pair.samples(), on_gpu = pair.samples(torch::kCUDA);
  auto settings = small_settings();
  settings.dropout = 0;
  settings.epochs = 3;
  settings.retrain_epochs = 3;
  const std::vector<FusionJob> jobs{{on_gpu, 1}, {on_gpu, 2}};
  for (const std::size_t pairs : {1, 2}) {
    const auto there = search_fusions(std::span(jobs).first(pairs), {2, 2}, settings, costs());
    for (std::size_t k = 0; k < pairs; ++k) {
      const auto here = search_fusion(data, {2, 2}, settings, costs(), jobs[k].seed);
      for (std::size_t e = 0; e < losses_of(here).size(); ++e)
        CHECK(losses_of(there[k])[e] == Approx(losses_of(here)[e]).margin(1e-2));
      CHECK(there[k].genotype == here.genotype);
      CHECK(there[k].metric_val == Approx(here.metric_val).margin(5));
    }
  }
}

TEST_CASE("Pairs of other inputs or labels do not train in one pass", "[fusion][device]") {
  const FusionSamples data = synthetic({3, 5}, LabelKind::classification).samples();
  const FusionSamples more = synthetic({3, 5, 4}, LabelKind::classification).samples();
  FusionSamples relabelled = data;
  relabelled.train.labels.values = at::remainder(data.train.labels.values + 1, 4);
  for (const FusionSamples* other : {&more, &std::as_const(relabelled)}) {
    const std::vector<FusionJob> jobs{{data, 1}, {*other, 2}};
    CHECK_THROWS_WITH(search_fusions(jobs, {1, 1}, small_settings(), costs()),
                      Catch::Contains("differ in inputs or labels"));
  }
}

TEST_CASE("A fusion search that is cancelled stops before its next batch, in any of its trainings",
          "[fusion][device]") {
  const FusionSamples data = synthetic({3, 5}, LabelKind::classification).samples();
  auto settings = small_settings();
  settings.trials = GENERATE(1, 4);
  for (const int batches : {5, 40}) {  // 4 an epoch of the search, 24 in all; then 8 an epoch of the retraining
    int asked = 0;
    bool retraining = false;
    FusionHooks hooks;
    hooks.cancelled = [&] { return ++asked > batches; };
    hooks.progress = [&](const FusionProgress& done) { retraining = done.retraining; };
    CHECK_THROWS_AS(search_fusion(data, {1, 1}, settings, costs(), 1, hooks), Cancelled);
    CHECK(asked == batches + 1);
    CHECK(retraining == (batches == 40 && settings.trials == 1));
  }
}

TEST_CASE("Trials halve the genotypes and give the better half twice the epochs until one is left",
          "[fusion][trials][device]") {
  torch::set_num_threads(1);
  const FusionSamples data = synthetic({3, 5, 4, 6}, LabelKind::classification).samples();
  std::vector<Genotype> genotypes;
  for (const auto* text :
       {"0+1:Sum(0,1) -> 4", "2+3:Sum(0,1) -> 4", "0+2:ConcatFC(0,1) -> 4", "0+1:SE1(0,1) -> 4", "2+3:SE1(1,0) -> 4"})
    genotypes.push_back(parse_genotype(text));
  const auto tried = try_genotypes(data, genotypes, small_settings(), 1);
  std::vector<int> epochs;
  for (const auto& trial : tried) epochs.push_back(trial.epochs);
  CHECK(epochs == std::vector{2, 2, 2, 2, 2, 4, 4, 4, 8, 8});
  CHECK(tried.back().genotype == genotypes[2]);  // the one that reads both modalities, which tell half a label each
  CHECK(tried.back().loss_val <= tried[8].loss_val);
  CHECK(try_genotypes(data, {genotypes.data(), 1}, small_settings(), 1).empty());
  const auto again = try_genotypes(data, genotypes, small_settings(), 1);
  CHECK(again.back().loss_val == tried.back().loss_val);
}

TEST_CASE("A genotype whose trial diverges loses to those that do not; when all do, the search has diverged",
          "[fusion][trials][device]") {
  const FusionSamples data = synthetic({3, 5, 4, 6}, LabelKind::classification).samples();
  auto settings = small_settings();
  settings.retrain_lr = 1e30;
  const std::vector genotypes = {parse_genotype("0+2:Sum(0,1) -> 4"), parse_genotype("1+3:ConcatFC(0,1) -> 4")};
  CHECK_THROWS_AS(try_genotypes(data, genotypes, settings, 1), NotFinite);
}

TEST_CASE("A fusion search says what it tried, and goes on with the best of it", "[fusion][trials][device][exact]") {
  torch::set_num_threads(1);
  const FusionSamples data = synthetic({3, 5, 4, 6}, LabelKind::classification).samples();
  auto settings = small_settings();
  settings.trials = 4;
  const auto found = search_fusion(data, {2, 1}, settings, costs(), 1);
  REQUIRE(found.trials.size() == 6);
  CHECK(found.trials.back().genotype == found.genotype);
  settings.trials = 1;
  const auto untried = search_fusion(data, {2, 1}, settings, costs(), 1);
  CHECK(untried.trials.empty());
  CHECK(losses_of(untried) == losses_of(found));
}

TEST_CASE("A fusion search ends early when its operators stand still, and not before",
          "[fusion][standstill][device][exact]") {
  torch::set_num_threads(1);
  const FusionSamples data = synthetic({3, 5, 4, 6}, LabelKind::classification).samples();
  auto settings = small_settings();
  settings.epochs = 30;
  settings.cost_weights = every_quantity(1.0);  // decides for the cheapest at once
  settings.retrain_epochs = settings.trials = 1;
  const auto early = search_fusion(data, {1, 1}, settings, costs(), 1);
  settings.settle_epochs = 0;
  const auto whole = search_fusion(data, {1, 1}, settings, costs(), 1);
  CHECK(losses_of(whole).size() == 30);
  CHECK(losses_of(early).size() < 30);
  const auto first = losses_of(early), all = losses_of(whole);
  CHECK(std::equal(first.begin(), first.end(), all.begin()));
  CHECK(operators_of(early.genotype) == operators_of(whole.genotype));
}

TEST_CASE("An architecture that learns from held-out training samples sees nothing of validation",
          "[fusion][holdout][device][exact]") {
  torch::set_num_threads(1);
  auto pair = synthetic({3, 5, 4, 6}, LabelKind::classification);
  auto settings = small_settings();
  settings.architecture_split = ArchitectureSplit::holdout;
  settings.trials = settings.retrain_epochs = 1;
  const auto first = search_fusion(pair.samples(), {2, 1}, settings, costs(), 1);
  pair.val.labels.values = at::remainder(pair.val.labels.values + 1, 4);
  const auto other = search_fusion(pair.samples(), {2, 1}, settings, costs(), 1);
  CHECK(losses_of(other) == losses_of(first));
  CHECK(other.genotype == first.genotype);
  CHECK(other.metric_val != first.metric_val);
}

TEST_CASE("A fusion search tells after every epoch how much of the whole is done", "[fusion][device]") {
  const FusionSamples data = synthetic({3, 5}, LabelKind::classification).samples();
  auto settings = small_settings();
  settings.retrain_patience = settings.retrain_epochs;
  settings.retrain_repeats = 2;
  std::vector<double> shares;
  FusionHooks hooks;
  hooks.progress = [&](const FusionProgress& done) { shares.push_back(done.share); };
  const std::vector<FusionJob> jobs{{data, 1}, {data, 2}};
  (void)search_fusions(jobs, {1, 1}, settings, costs(), hooks);
  const int passes = testing::test_device().is_cpu() ? 2 : 1;  // a device retrains side by side
  REQUIRE(shares.size() == static_cast<std::size_t>(settings.epochs + 2 * passes * settings.retrain_epochs));
  CHECK(shares.front() > 0);
  CHECK(std::ranges::is_sorted(shares));
  CHECK(std::ranges::adjacent_find(shares) == shares.end());
  CHECK(shares.back() == Approx(1));
}

TEST_CASE("A fusion search that diverges ends as a failure of its candidate, not as a model", "[fusion][device]") {
  const FusionSamples data = synthetic({3, 5, 4}, LabelKind::classification).samples();
  const auto diverges = [&](auto spoil, const std::string& how) {
    INFO(how);
    auto settings = small_settings();
    spoil(settings);
    CHECK_THROWS_AS(search_fusion(data, {2, 1}, settings, costs(), 1), CandidateError);
    CHECK_THROWS_WITH(search_fusion(data, {2, 1}, settings, costs(), 1), Catch::Contains(how));
  };
  constexpr double kHuge = 1e36;  // products of weights this large leave float32
  diverges([&](FusionSettings& s) { s.weight_lr = kHuge; }, "search diverged");
  diverges(
      [&](FusionSettings& s) {
        s.arch_lr = 1e38;  // the second step starts from logits that leave float32 when they are sharpened
        s.arch_steps = 2;
        s.epochs = 2;
        s.batch = 120;  // of the weights one step an epoch, which sees nothing of what that leaves
      },
      "architecture parameters");
  diverges([&](FusionSettings& s) { s.retrain_lr = kHuge; }, "retraining");
  PairFeatures large = synthetic({3, 5, 4}, LabelKind::classification);
  for (auto& feature : large.train.features) feature = feature * 1e30;  // finite, but not their variance
  CHECK_THROWS_AS(search_fusion_published(large.samples(), data.val, {2, 1}, small_settings(), costs(), 1),
                  CandidateError);
}

TEST_CASE("Of pairs in one pass the one that diverges is named, and harms no other", "[fusion][device]") {
  const PairFeatures pair = synthetic({3, 5, 4}, LabelKind::classification);
  const FusionSamples data = pair.samples();
  PairFeatures spoiled = pair;
  for (auto& feature : spoiled.train.features) feature = feature * 1e30;  // finite, but not its square
  const FusionSamples lost = spoiled.samples();
  const std::vector<FusionJob> jobs{{data, 1}, {lost, 2}, {data, 3}};
  try {
    (void)search_fusions(jobs, {1, 1}, small_settings(), costs());
    FAIL("nothing diverged");
  } catch (const NotFinite& e) {
    CHECK(e.lane() == 1);
  }
}

TEST_CASE("A network's lanes stay finite beside one that is not", "[fusion]") {
  const FusionSamples data = synthetic({3, 5}, LabelKind::classification).samples();
  const Genotype genotype = parse_genotype("0+1:ConcatFC(0,1),LinearGLU(2,0) -> 1,2");
  const StateShape shape{8, 4, 0.1, 3};
  DerivedNetwork network(genotype, data.train.channels(), 4, shape);
  for (const int lane : {0, 1, 2}) {
    torch::NoGradGuard no_grad;
    for (auto& parameter : network.parameters())
      if (lane == 1) parameter.chunk(3)[1].fill_(std::numeric_limits<float>::quiet_NaN());
  }
  torch::optim::Adam adam(network.parameters(), torch::optim::AdamOptions(1e-2));
  std::vector<Tensor> features;
  for (const auto& feature : data.train.features) features.push_back(feature.repeat({3, 1, 1}));
  Labels labels = data.train.labels;
  labels.values = labels.values.repeat({3});
  for (int step = 0; step < 3; ++step) {
    adam.zero_grad();
    lane_losses(network.forward(features, Mode::train), labels, 3).sum().backward();
    adam.step();
  }
  CHECK(finite_lanes(tensors_of(network), 3) == std::vector<bool>{true, false, true});
}

TEST_CASE("A model whose logits are no numbers has no metric", "[fusion][device]") {
  const FusionSamples data = synthetic({3, 5}, LabelKind::classification).samples();
  const Genotype genotype = parse_genotype("0+1:Sum(0,1) -> 1,2");
  auto weights = DerivedNetwork(genotype, data.val.channels(), 4, state_shape(small_settings())).tensors();
  CHECK(evaluate_model(weights, genotype, data.val, small_settings()) >= 0);
  weights.at("head.classifier.weight")[0][0] = std::numeric_limits<float>::infinity();
  weights.at("head.classifier.weight")[0][1] = -std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(evaluate_model(weights, genotype, data.val, small_settings()), Catch::Contains("not finite"));
  CHECK_THROWS_AS(evaluate_model(weights, genotype, data.val, small_settings()), CandidateError);
}

TEST_CASE("Features that are no numbers are a failure of their candidate", "[fusion][device]") {
  PairFeatures pair = synthetic({3, 5}, LabelKind::classification);
  pair.train.features[1][7][2][0] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(pair.samples(), Catch::Contains("fusion input 1"));
  CHECK_THROWS_AS(pair.samples(), CandidateError);
}

TEST_CASE("Fusion samples that do not fit together are refused with one line", "[fusion]") {
  const auto refused = [](auto spoil, const std::string& part) {
    PairFeatures pair = synthetic({3, 5}, LabelKind::classification);
    spoil(pair);
    CHECK_THROWS_WITH(search_fusion(pair.samples(), {1, 1}, small_settings(), costs(), 1), Catch::Contains(part));
  };
  refused([](PairFeatures& p) { p.train.labels.values[7] = 4; }, "0 to 4");
  refused([](PairFeatures& p) { p.val.features.pop_back(); }, "differ in number");
  refused([](PairFeatures& p) { p.train.features[1] = torch::randn({120, 5, 9}); }, "input 1");
  refused([](PairFeatures& p) { p.train.features[0] = torch::randn({100, 3, 4}); }, "100 samples");
  refused([](PairFeatures& p) { p.val.labels.views = 7; }, "60 labels do not make 7 views");
  refused([](PairFeatures& p) { p.train.labels.values[7] = -1; }, "-1 to 3");
  refused([](PairFeatures& p) { p.modalities = {1, 2}; }, "2 modalities with 1 + 2");
  refused([](PairFeatures& p) { p.modalities = {2, 0}; }, "2 modalities with 2 + 0");
  refused([](PairFeatures& p) { p.train.features.pop_back(), p.val.features.pop_back(), p.modalities = {1}; },
          "has 1 input");
}

TEST_CASE("Tensors of a discrete network load into a fresh one, and no other", "[fusion]") {
  const Genotype genotype = parse_genotype("0+2:SE1(1,0) | 1+2:ConcatFC(0,1),Sum(2,0) -> 3,4");
  const StateShape shape{8, 4, 0.1};
  DerivedNetwork trained(genotype, {3, 5, 4}, 4, shape), fresh(genotype, {3, 5, 4}, 4, shape);
  const std::vector<Tensor> features{torch::randn({6, 4, 3}), torch::randn({6, 4, 5}), torch::randn({6, 4, 4})};
  (void)trained.forward(features, Mode::train);
  fresh.load(trained.tensors());
  CHECK(fresh.forward(features, Mode::eval).equal(trained.forward(features, Mode::eval)));
  auto lacking = trained.tensors();
  lacking.erase("cell_0.ln.weight");
  CHECK_THROWS_WITH(fresh.load(lacking), Catch::Contains("cell_0.ln.weight"));
  CHECK_THROWS_AS(DerivedNetwork(genotype, {3, 5}, 4, shape).tensors(), InputError);
}

TEST_CASE("Cosine restarts start high after 1, 3, 7 epochs", "[fusion]") {
  for (const double t : {0.0, 1.0, 3.0, 7.0}) CHECK(cosine_restarts(t, 1e-3, 1e-6) == Approx(1e-3));
  CHECK(cosine_restarts(2.0, 1e-3, 1e-6) == Approx((1e-3 + 1e-6) / 2));
  CHECK(cosine_restarts(2.999, 1e-3, 1e-6) < 2e-6);
}

}  // namespace harmonic
