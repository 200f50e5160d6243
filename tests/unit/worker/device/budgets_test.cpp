// What a step may ask of a device: on a GPU a kernel that is started costs some microseconds whatever its size, and to
// wait for it all that it could have done meanwhile. Counted on the stand-in accelerator.
#include <algorithm>
#include <array>
#include <vector>

#include <catch2/catch.hpp>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/rng.hpp"
#include "tests/support/stand_in_accelerator.hpp"
#include "worker/fusion/fusion_search.hpp"
#include "worker/fusion/retraining.hpp"
#include "worker/pairs_at_once.hpp"
#include "worker/train/supernet_training.hpp"

namespace harmonic {
namespace {

using testing::device_calls;
using testing::DeviceCalls;
using testing::reset_device_calls;
using testing::stand_in_accelerator;
using torch::Tensor;

/// What was asked between one mark and the next.
class Marks {
 public:
  void mark() {
    if (marked_) between_.push_back(device_calls());
    marked_ = true;
    reset_device_calls();
  }
  /// Not what comes up to the next mark.
  void skip() { marked_ = false; }
  [[nodiscard]] const std::vector<DeviceCalls>& between() const { return between_; }
  [[nodiscard]] std::int64_t most(std::int64_t DeviceCalls::*what) const {
    return (*std::ranges::max_element(between_, {}, what)).*what;
  }

 private:
  bool marked_ = false;
  std::vector<DeviceCalls> between_;
};

FusionSettings fusion_settings() {
  FusionSettings settings;
  settings.channels = 16;
  settings.side = 2;
  settings.epochs = 4;
  settings.warmup_epochs = 2;
  settings.batch = 24;
  settings.retrain_epochs = 4;
  settings.retrain_batch = 24;
  settings.retrain_patience = 4;
  settings.trials = 1;
  return settings;
}

/// Two modalities with four maps each, and the logits of two backbones.
FusionSamples fusion_samples(const FusionSettings& settings) {
  torch::manual_seed(3);
  const auto split = [&](int count) {
    std::vector<Tensor> features;
    for (int i = 0; i < 8; ++i) features.push_back(torch::randn({count, 3 + i, settings.side * settings.side}));
    return make_samples(features, {torch::randn({count, 4}), torch::randn({count, 4})},
                        {torch::arange(count).remainder(4), LabelKind::classification, 4},
                        settings.side * settings.side, stand_in_accelerator());
  };
  return {split(96), split(20), {4, 4}};  // validation is smaller than a batch
}

OperatorCosts equal_costs(const FusionSettings& settings) {
  std::vector<double> row(settings.operators.size());
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = 1 + static_cast<double>(i);
  return {{1.0}, {{{row}, {{}}}}};
}

/// [0] steps of the weights alone, [1] those with a step of the architecture each.
std::array<Marks, 2> searched(std::size_t pairs, const FusionSettings& settings, MacroArchitecture macro = {2, 1}) {
  const FusionSamples samples = fusion_samples(settings);
  std::vector<FusionJob> jobs;
  for (std::size_t k = 0; k < pairs; ++k) jobs.push_back({samples, k + 1});
  std::array<Marks, 2> marks;
  int epoch = 0;
  FusionHooks hooks;
  hooks.cancelled = [&] {
    if (epoch < settings.epochs) marks.at(epoch < settings.warmup_epochs ? 0 : 1).mark();
    return epoch >= settings.epochs;  // the discrete networks are another matter
  };
  hooks.progress = [&](const FusionProgress& done) {
    epoch = done.epoch;
    for (auto& mark : marks) mark.skip();
  };
  CHECK_THROWS_AS(search_fusions(jobs, macro, settings, equal_costs(settings), hooks), Cancelled);
  return marks;
}

}  // namespace

TEST_CASE("A step of a fusion search never waits for the device, and sends it nothing", "[budget]") {
  const auto pairs = GENERATE(std::size_t{1}, std::size_t{4});
  const auto settings = fusion_settings();
  const auto [weights, both] = searched(pairs, settings);
  REQUIRE(weights.between().size() == 6);  // of two epochs of four, but for the last step of each
  REQUIRE(both.between().size() == 6);
  for (const auto* marks : {&weights, &both}) {
    CHECK(marks->most(&DeviceCalls::waits) == 0);
  }
  CHECK(weights.most(&DeviceCalls::uploads) == 0);
  // Once: what operators cost, and validation's batches, some dozens at a time.
  CHECK(std::ranges::count_if(both.between(), [](const auto& calls) { return calls.uploads > 0; }) <= 1);
  // Put together from single operators: 391 and 857 kernels of one pair, 517 and 1094 of four. In the first step of an
  // epoch the architecture's weights are put together, too.
  CHECK(weights.between().at(1).launches <= (pairs == 1 ? 195 : 246));
  CHECK(weights.most(&DeviceCalls::launches) <= (pairs == 1 ? 206 : 257));
  CHECK(both.most(&DeviceCalls::launches) <= (pairs == 1 ? 450 : 524));
}

TEST_CASE("What a step is reckoned to start, where pairs at once are chosen, is what it starts within a quarter",
          "[budget][pairs]") {
  SearchSettings search;
  search.modalities = {{"audio", find_space("avmnist-audio"), ""}, {"image", find_space("avmnist-image"), ""}};
  search.fusion = fusion_settings();
  DatasetInfo data;
  data.classes = 4;
  data.samples = {96, 20, 20};
  for (const auto macro : {MacroArchitecture{1, 1}, MacroArchitecture{2, 1}, MacroArchitecture{3, 2}}) {
    INFO(macro.cells << " x " << macro.nodes);
    search.evolution.macro = {.usual = macro, .other_cells = {}, .other_nodes = {}};
    const auto counted = searched(1, search.fusion, macro)[0].most(&DeviceCalls::launches);
    CHECK(pair_load(search, data).kernels == Approx(static_cast<double>(counted)).epsilon(0.25));
  }
}

TEST_CASE("An epoch of retraining waits for the device once, however many lanes there are", "[budget]") {
  const auto settings = fusion_settings();
  const FusionSamples samples = fusion_samples(settings);
  const auto genotype = parse_genotype("0+4:ConcatFC(0,1) | 1+5:LinearGLU(0,1) -> 8,9");
  const std::vector<std::uint64_t> seeds{1, 2, 3};
  for (const std::size_t lanes : {1, 3}) {
    Marks marks;
    FusionHooks hooks;
    hooks.progress = [&](const FusionProgress&) { marks.mark(); };
    const auto trained = retrain_in_lanes(samples, genotype, settings, std::span(seeds).first(lanes), hooks);
    REQUIRE(marks.between().size() == 3);
    CHECK(marks.most(&DeviceCalls::waits) == 1);
    CHECK(marks.most(&DeviceCalls::uploads) == 1);                           // the epoch's order
    CHECK(marks.most(&DeviceCalls::launches) <= (lanes == 1 ? 810 : 1240));  // of four steps and a validation
  }
}

TEST_CASE("A step of a supernet's training waits for the device once", "[budget]") {
  auto inputs = torch::empty({48, 1, 20, 20});
  RandomStream random(Seed{1}, "test sounds");
  for (std::int64_t i = 0; i < inputs.numel(); ++i) inputs.data_ptr<float>()[i] = static_cast<float>(random.normal());
  const auto labels = torch::arange(48).remainder(4);
  const TrainingData data{inputs, labels, inputs.narrow(0, 0, 16), labels.narrow(0, 0, 16), LabelKind::classification};
  SupernetTrainingSettings settings;
  settings.epochs = 2;
  settings.batch = 12;
  settings.validate_every = 2;
  settings.augmentation = Augmentation::mfcc;
  settings.sync_batch_norm = GENERATE(SyncBatchNorm::automatic, SyncBatchNorm::on);
  Marks marks;
  TrainingControl control;
  control.report = [&](const TrainingProgress& progress) {
    if (progress.validating)
      marks.skip();
    else
      marks.mark();
  };
  const auto trained = train_supernet(Supernet(find_space("avmnist-audio"), 4, Seed{1}), data, settings,
                                      *solo_collectives(), stand_in_accelerator(), control);
  CHECK(trained.times.steps == 8);
  REQUIRE(marks.between().size() >= 6);
  CHECK(marks.most(&DeviceCalls::waits) == 1);
  CHECK(marks.most(&DeviceCalls::launches) <= (settings.sync_batch_norm == SyncBatchNorm::on ? 1720 : 1180));
  CHECK(marks.most(&DeviceCalls::uploads) <=
        9);  // indices, labels, how samples are varied, where draws begin: none is waited for
}

}  // namespace harmonic
