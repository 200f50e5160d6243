#include "worker/fusion/fusion_search.hpp"

#include <algorithm>
#include <iostream>
#include <set>

#include <catch2/catch.hpp>
#include <torch/torch.h>

#include "worker/fusion/derived_network.hpp"
#include "worker/fusion/mixed_search.hpp"
#include "worker/fusion/retraining.hpp"
#include "worker/fusion/state.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

const std::vector<double> kLatencyMs = {0.05, 0.4, 0.53, 0.52, 0.33, 0.57};

OperatorCosts costs() {
  return {{1.0}, {kLatencyMs}, {{}}};
}

/// Inputs that each tell half of the label: even and odd inputs show its high and its low bit, in noise.
FusionData synthetic(const std::vector<int>& channels, LabelKind kind, int vector_inputs = 0) {
  torch::manual_seed(11);
  const auto split = [&](int samples, std::vector<Tensor>& features, Tensor& labels) {
    const Tensor classes = torch::randint(4, {samples});
    for (std::size_t i = 0; i < channels.size(); ++i) {
      const bool vector = static_cast<int>(channels.size() - i) <= vector_inputs;
      Tensor feature = torch::randn({samples, channels[i], vector ? 1 : 4});
      const Tensor bit = (i % 2 ? at::bitwise_and(classes, 1) : at::div(classes, 2, "floor")).to(torch::kFloat32);
      feature.select(1, 0) += 3 * (2 * bit - 1).unsqueeze(1);
      features.push_back(feature);
    }
    labels = kind == LabelKind::classification ? classes : at::one_hot(classes, 4).to(torch::kFloat32);
  };
  FusionData data;
  data.kind = kind;
  data.classes = 4;
  split(120, data.train, data.train_labels);
  split(60, data.val, data.val_labels);
  return data;
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

TEST_CASE("The same seed gives the same fusion search bit for bit, another seed another", "[fusion]") {
  torch::set_num_threads(1);
  const FusionData data = synthetic({3, 5, 4, 6}, LabelKind::classification);
  const auto run = [&](std::uint64_t seed) {
    return search_fusion(data, {2, 1}, small_settings(), costs(), seed, torch::kCPU);
  };
  const auto first = run(1), second = run(1), other = run(2);
  CHECK(first.genotype == second.genotype);
  CHECK(first.metric_val == second.metric_val);
  CHECK(first.losses == second.losses);
  CHECK(first.operator_entropy == second.operator_entropy);
  REQUIRE(first.weights.size() == second.weights.size());
  for (const auto& [name, tensor] : first.weights) CHECK(tensor.equal(second.weights.at(name)));
  CHECK(first.losses != other.losses);
}

TEST_CASE("A fusion search on two half-informed modalities learns what neither knows alone", "[fusion]") {
  const FusionData data = synthetic({3, 5, 4, 6}, LabelKind::classification);
  const auto settings = small_settings();
  const auto result = search_fusion(data, {2, 1}, settings, costs(), 1, torch::kCPU);
  CHECK(result.metric_val > 85);  // one modality alone: 50
  CHECK(result.losses.back() < result.losses.front());
  CHECK(evaluate_model(result.weights, result.genotype, data.val, data.val_labels, data.kind, 4, settings) ==
        Approx(result.kept_metric_val));
}

TEST_CASE("A heavier latency weight finds faster fusions on average", "[fusion]") {
  const FusionData data = synthetic({3, 5, 4, 6}, LabelKind::classification);
  auto settings = small_settings();
  settings.retrain_epochs = 1;
  const auto mean_latency_ms = [&](double weight) {
    settings.latency_weight = weight;
    double sum = 0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
      sum += fusion_latency_ms(search_fusion(data, {2, 2}, settings, costs(), seed, torch::kCPU).genotype, settings);
    return sum / 5;
  };
  CHECK(mean_latency_ms(10.0) < mean_latency_ms(0.0));
}

TEST_CASE("A lower temperature leaves the operators decided", "[fusion]") {
  const FusionData data = synthetic({3, 5, 4, 6}, LabelKind::classification);
  auto settings = small_settings();
  settings.retrain_epochs = 1;
  const auto entropy = [&](double temperature) {
    settings.arch_temperature = temperature;
    return search_fusion(data, {2, 1}, settings, costs(), 1, torch::kCPU).operator_entropy;
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

TEST_CASE("With weight 0 the operators' costs do not change the search", "[fusion]") {
  const FusionData data = synthetic({3, 5}, LabelKind::classification);
  auto settings = small_settings();
  settings.latency_weight = settings.energy_weight = 0;
  OperatorCosts reversed = costs();
  std::reverse(reversed.latency_ms[0].begin(), reversed.latency_ms[0].end());
  const auto a = search_fusion(data, {1, 1}, settings, costs(), 3, torch::kCPU);
  const auto b = search_fusion(data, {1, 1}, settings, reversed, 3, torch::kCPU);
  CHECK(a.genotype == b.genotype);
  CHECK(a.losses == b.losses);
}

TEST_CASE("Fusion takes three modalities, one of vectors, and more cells than pairs of inputs", "[fusion]") {
  const FusionData data = synthetic({3, 4, 5, 6, 7}, LabelKind::classification, /*vector_inputs=*/2);
  const auto settings = small_settings();
  const auto result = search_fusion(data, {3, 2}, settings, costs(), 1, torch::kCPU);
  CHECK(result.genotype.cells.size() == 3);
  CHECK(result.metric_val > 60);
  const FusionData two = synthetic({3, 4}, LabelKind::classification);
  CHECK(search_fusion(two, {4, 1}, settings, costs(), 1, torch::kCPU).genotype.cells.size() == 4);
}

TEST_CASE("Fusion learns multilabel data and reports their weighted F1", "[fusion]") {
  const FusionData data = synthetic({3, 5, 4, 6}, LabelKind::multilabel);
  auto settings = small_settings();
  settings.retrain_epochs = 30;
  const auto result = search_fusion(data, {2, 1}, settings, costs(), 1, torch::kCPU);
  CHECK(result.metric_val > 70);  // one modality alone: 67, half of the classes for every sample
  CHECK(evaluate_model(result.weights, result.genotype, data.val, data.val_labels, data.kind, 4, settings) ==
        Approx(result.kept_metric_val));
}

TEST_CASE("Fusion learns from views of the samples and is measured on all of them", "[fusion]") {
  FusionData data = synthetic({3, 5, 4, 6}, LabelKind::classification);
  const auto add_view = [](std::vector<Tensor>& features, Tensor& labels) {
    for (auto& feature : features) feature = at::cat({feature, feature + 0.5 * torch::randn_like(feature)});
    labels = at::cat({labels, labels});
  };
  add_view(data.train, data.train_labels);
  add_view(data.val, data.val_labels);
  data.train_views = data.val_views = 2;
  const auto settings = small_settings();
  const auto result = search_fusion(data, {2, 1}, settings, costs(), 1, torch::kCPU);
  CHECK(result.metric_val > 80);
  CHECK(evaluate_model(result.weights, result.genotype, data.val, data.val_labels, data.kind, 4, settings) ==
        Approx(result.kept_metric_val));
  // A view of the training samples has its part in what is learnt.
  FusionData other = data;
  for (auto& feature : other.train) {
    feature = feature.clone();
    feature.narrow(0, 120, 120).zero_();
  }
  CHECK(search_fusion(other, {2, 1}, settings, costs(), 1, torch::kCPU).losses != result.losses);
}

TEST_CASE("The published protocol learns its architecture from test and reports the mixed network's best epoch there",
          "[fusion]") {
  const FusionData data = synthetic({3, 5, 4, 6}, LabelKind::classification);
  const auto run = [&](const std::vector<Tensor>& test, const Tensor& labels, const OperatorCosts& operators) {
    return search_fusion_published(data, test, labels, {2, 1}, small_settings(), operators, 1, torch::kCPU);
  };
  const auto found = run(data.val, data.val_labels, costs());
  CHECK(found.genotype.cells.size() == 2);
  CHECK(found.metric_test > 25);                 // chance
  CHECK(found.metric_test == found.metric_val);  // here both are the same samples
  CHECK(found.operator_entropy > 0.99);          // its learning rate decides nothing
  const auto on_other_labels = run(data.val, at::remainder(data.val_labels + 1, 4), costs());
  CHECK(on_other_labels.operator_entropy != found.operator_entropy);
  // The hardware terms stand in the loss of the weights, which they do not depend on.
  OperatorCosts reversed = costs();
  std::reverse(reversed.latency_ms[0].begin(), reversed.latency_ms[0].end());
  const auto with_other_costs = run(data.val, data.val_labels, reversed);
  CHECK(with_other_costs.losses == found.losses);
  CHECK(with_other_costs.genotype == found.genotype);
}

TEST_CASE("The architecture's turn: after every step of the weights, or a pass over its samples after every epoch",
          "[fusion]") {
  const FusionData data = synthetic({3, 5, 4, 6}, LabelKind::classification);
  const Samples train = make_samples(data.train, data.train_labels, 1, torch::kCPU);
  const Samples guide = make_samples(data.val, data.val_labels, 1, torch::kCPU);
  const auto settings = published_values(small_settings());
  const OperatorCosts operators = costs();
  const FusionLayout layout{{3, 5, 4, 6}, {2, 1}, settings.operators, 2, 4, {8, 4, 0.1}};
  const auto turns = [&](const SearchProtocol& protocol) {
    std::vector<bool> moved;  // before every step but the first: whether the architecture has been stepped
    const MixedLane lane{layout, 1};
    MixedSearch search(train, guide, data.kind, {&lane, 1}, settings, protocol);
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

TEST_CASE("A fusion search goes on from the architecture that another ended with", "[fusion]") {
  const FusionData data = synthetic({3, 5}, LabelKind::classification);
  auto settings = small_settings();
  settings.retrain_epochs = 1;
  const auto before = search_fusion(data, {2, 2}, settings, costs(), 1, torch::kCPU);
  settings.arch_steps = 0;  // what is not stepped stays where it started
  const auto after = search_fusion(data, {2, 2}, settings, costs(), 2, torch::kCPU, {}, before.architecture);
  CHECK(after.architecture == before.architecture);
  CHECK(after.genotype == before.genotype);
  CHECK(after.operator_entropy == before.operator_entropy);
  const auto cold = search_fusion(data, {2, 2}, settings, costs(), 2, torch::kCPU);
  CHECK(cold.architecture != before.architecture);
  CHECK_THROWS_WITH(search_fusion(data, {1, 2}, settings, costs(), 2, torch::kCPU, {}, before.architecture),
                    Catch::Contains("architecture parameters"));
}

TEST_CASE("Pairs that train in one batched pass are searched as each alone", "[fusion]") {
  for (const LabelKind kind : {LabelKind::classification, LabelKind::multilabel}) {
    const FusionData data = synthetic({3, 5, 4}, kind, 1);
    FusionData other = data;  // another pair's features of the same samples, of 6, 2 and 7 channels
    for (auto* split : {&other.train, &other.val})
      for (const auto& [input, channels] : {std::pair(0, 6), std::pair(1, 2), std::pair(2, 7)}) {
        auto& feature = (*split)[static_cast<std::size_t>(input)];
        const Tensor noisy = 0.7 * feature + 0.3 * torch::randn_like(feature);
        feature = at::cat({noisy, torch::randn({feature.size(0), 7, feature.size(2)})}, 1).narrow(1, 0, channels);
      }
    auto settings = small_settings();
    settings.dropout = 0;
    settings.epochs = 3;
    settings.retrain_epochs = 2;
    const auto start = search_fusion(data, {2, 1}, settings, costs(), 9, torch::kCPU).architecture;
    const std::vector<FusionJob> jobs{{data, 1}, {other, 2}, {data, 3, start}};
    int epochs_seen = 0;
    FusionHooks hooks;
    hooks.progress = [&](const FusionProgress& progress) { epochs_seen += progress.retraining ? 0 : 1; };
    const auto together = search_fusions(jobs, {2, 1}, settings, costs(), torch::kCPU, hooks);
    CHECK(epochs_seen == settings.epochs);  // not one pass a pair
    REQUIRE(together.size() == jobs.size());
    for (std::size_t k = 0; k < jobs.size(); ++k) {
      INFO("pair " << k);
      const auto alone =
          search_fusion(jobs[k].data, {2, 1}, settings, costs(), jobs[k].seed, torch::kCPU, {}, jobs[k].start);
      REQUIRE(together[k].losses.size() == alone.losses.size());
      for (std::size_t e = 0; e < alone.losses.size(); ++e)
        CHECK(together[k].losses[e] == Approx(alone.losses[e]).margin(1e-3));
      CHECK(together[k].operator_entropy == Approx(alone.operator_entropy).margin(1e-3));
      REQUIRE(together[k].architecture.size() == alone.architecture.size());
      for (std::size_t i = 0; i < alone.architecture.size(); ++i)
        CHECK(together[k].architecture[i] == Approx(alone.architecture[i]).margin(1e-2));
      CHECK(together[k].genotype == alone.genotype);
      CHECK(together[k].metric_val == alone.metric_val);  // retrained alone, from the same seed
    }
    CHECK(together[0].losses != together[2].losses);
  }
}

TEST_CASE("Retrainings side by side end as each alone, those that stop early too", "[fusion]") {
  const FusionData data = synthetic({3, 5}, LabelKind::classification);
  const Genotype genotype = parse_genotype("0+1:ConcatFC(0,1),LinearGLU(2,0) -> 1,2");
  auto settings = small_settings();
  settings.dropout = 0;
  settings.retrain_epochs = 8;
  settings.retrain_patience = 1;
  const std::vector<std::uint64_t> seeds{1, 2, 3};
  const auto together = retrain_in_lanes(data, genotype, settings, seeds, torch::kCPU);
  REQUIRE(together.size() == seeds.size());
  std::set<std::size_t> epochs;
  for (std::size_t k = 0; k < seeds.size(); ++k) {
    INFO("seed " << seeds[k]);
    const auto alone = retrain_fusion(data, genotype, settings, seeds[k], torch::kCPU);
    epochs.insert(alone.losses.size());
    REQUIRE(together[k].losses.size() == alone.losses.size());
    for (std::size_t e = 0; e < alone.losses.size(); ++e)
      CHECK(together[k].losses[e] == Approx(alone.losses[e]).margin(1e-3));
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
  const FusionData data = synthetic({3, 5, 4}, LabelKind::classification, 1);
  auto settings = small_settings();
  settings.dropout = 0;
  settings.epochs = 3;
  settings.retrain_epochs = 3;
  const std::vector<FusionJob> jobs{{data, 1}, {data, 2}};
  for (const std::size_t pairs : {1, 2}) {
    const auto there =
        search_fusions(std::span(jobs).first(pairs), {2, 2}, settings, costs(), torch::Device(torch::kCUDA));
    for (std::size_t k = 0; k < pairs; ++k) {
      const auto here = search_fusion(data, {2, 2}, settings, costs(), jobs[k].seed, torch::kCPU);
      for (std::size_t e = 0; e < here.losses.size(); ++e)
        CHECK(there[k].losses[e] == Approx(here.losses[e]).margin(1e-2));
      CHECK(there[k].genotype == here.genotype);
      CHECK(there[k].metric_val == Approx(here.metric_val).margin(5));
    }
  }
}

TEST_CASE("Pairs of other inputs or labels do not train in one pass", "[fusion]") {
  const FusionData data = synthetic({3, 5}, LabelKind::classification);
  const FusionData more = synthetic({3, 5, 4}, LabelKind::classification);
  FusionData relabelled = data;
  relabelled.train_labels = at::remainder(data.train_labels + 1, 4);
  for (const FusionData* other : {&more, static_cast<const FusionData*>(&relabelled)}) {
    const std::vector<FusionJob> jobs{{data, 1}, {*other, 2}};
    CHECK_THROWS_WITH(search_fusions(jobs, {1, 1}, small_settings(), costs(), torch::kCPU),
                      Catch::Contains("differ in inputs or labels"));
  }
}

TEST_CASE("A fusion search that is asked to stop says so", "[fusion]") {
  const FusionData data = synthetic({3, 5}, LabelKind::classification);
  int asked = 0;
  FusionHooks hooks;
  hooks.stop_requested = [&] { return ++asked > 5; };
  CHECK_THROWS_AS(search_fusion(data, {1, 1}, small_settings(), costs(), 1, torch::kCPU, hooks), FusionStopped);
  CHECK(asked == 6);
}

TEST_CASE("Fusion data that do not fit together are refused with one line", "[fusion]") {
  const auto refused = [](auto spoil, const std::string& part) {
    FusionData data = synthetic({3, 5}, LabelKind::classification);
    spoil(data);
    CHECK_THROWS_WITH(search_fusion(data, {1, 1}, small_settings(), costs(), 1, torch::kCPU), Catch::Contains(part));
  };
  refused([](FusionData& d) { d.train_labels[7] = 4; }, "0 to 4");
  refused([](FusionData& d) { d.val.pop_back(); }, "differ in number");
  refused([](FusionData& d) { d.train[1] = torch::randn({120, 5, 9}); }, "input 1");
  refused([](FusionData& d) { d.train[0] = torch::randn({100, 3, 4}); }, "100 samples");
  refused([](FusionData& d) { d.val_views = 7; }, "60 labels do not make 7 views");
  refused([](FusionData& d) { d.train_labels[7] = -1; }, "-1 to 3");
  refused([](FusionData& d) { d.train.pop_back(), d.val.pop_back(); }, "has 1 input");
}

TEST_CASE("Tensors of a discrete network load into a fresh one, and no other", "[fusion]") {
  const Genotype genotype = parse_genotype("0+2:SE1(1,0) | 1+2:ConcatFC(0,1),Sum(2,0) -> 3,4");
  const StateShape shape{8, 4, 0.1};
  DerivedNetwork trained(genotype, {3, 5, 4}, 4, shape), fresh(genotype, {3, 5, 4}, 4, shape);
  const std::vector<Tensor> features{torch::randn({6, 4, 3}), torch::randn({6, 4, 5}), torch::randn({6, 4, 4})};
  (void)trained.forward(features, Pass::train);
  fresh.load(trained.tensors());
  CHECK(fresh.forward(features, Pass::eval).equal(trained.forward(features, Pass::eval)));
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
