#include "worker/backbone/subnet_tree.hpp"

#include <cmath>
#include <utility>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/space/prefix_groups.hpp"
#include "tests/support/test_device.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/data/sample_batches.hpp"
#include "worker/tensor/scratch_tensor.hpp"

namespace harmonic {
namespace {

/// Smooth random pictures: the same for the same seed.
torch::Tensor pictures(std::int64_t count, int side, std::uint64_t seed) {
  auto values = torch::empty({count, 1, side, side});
  RandomStream random(Seed{seed}, "test pictures");
  auto* data = values.data_ptr<float>();
  for (std::int64_t i = 0; i < values.numel(); ++i) data[i] = static_cast<float>(random.normal());
  return values;
}

std::vector<BackboneGenome> some_genomes(const BackboneSpace& space, int count) {
  std::vector<BackboneGenome> genomes = {smallest_genome(space), largest_genome(space)};
  for (int i = 0; i < count; ++i) {
    RandomStream random(Seed{3}, "test genomes", static_cast<std::uint64_t>(i));
    genomes.push_back(random_genome(space, random));
  }
  return genomes;
}

bool same_bits(const torch::Tensor& a, const torch::Tensor& b) {
  return torch::equal(a, b);
}

}  // namespace

TEST_CASE("Grouped and one-by-one evaluation give the same bits", "[backbone]") {
  // With and without squeeze-and-excite.
  const auto [name, side, channels] = GENERATE(std::tuple{"avmnist-audio", 20, 1}, std::tuple{"harmp-image", 112, 3});
  auto space = find_space(name);
  if (channels == 3) space.resolution = 32;
  const Supernet supernet(space, 10, Seed{5});
  const auto sample = [&](std::int64_t count, std::uint64_t seed) {
    return pictures(count * channels, space.resolution, seed)
        .view({count, channels, space.resolution, space.resolution});
  };
  const auto batches = calibration_batches(sample(40, 1), 16);
  const auto inputs = sample(12, 2);
  const auto genomes = some_genomes(space, channels == 3 ? 6 : 20);

  LayerViews views(supernet);
  SubnetTree together(views, genomes);
  together.recalibrate(batches);
  const auto grouped = together.logits(inputs);
  for (std::size_t i = 0; i < genomes.size(); ++i) {
    INFO(to_text(genomes[i]));
    LayerViews own(supernet);
    SubnetTree alone(own, {&genomes[i], 1});
    alone.recalibrate(batches);
    const auto a = alone.subnet(0).state(), b = together.subnet(i).state();
    REQUIRE(a.size() == b.size());
    for (std::size_t t = 0; t < a.size(); ++t) {
      INFO(a[t].first << " differs by " << (a[t].second - b[t].second).abs().max().item<double>());
      CHECK(same_bits(a[t].second, b[t].second));
    }
    CHECK(same_bits(alone.logits(inputs).front(), grouped[i]));
    // The fused operations against the layers run one by one by LibTorch.
    CHECK(torch::allclose(grouped[i], together.subnet(i).forward(inputs).logits, 1e-5, 1e-5));
  }
}

TEST_CASE("Before it is recalibrated a tree runs with the supernet's own statistics", "[backbone]") {
  const auto& space = find_space("avmnist-audio");
  const Supernet supernet(space, 10, Seed{5});
  const auto genomes = some_genomes(space, 2);
  LayerViews views(supernet);
  const auto logits = SubnetTree(views, genomes).logits(pictures(5, 20, 2));
  for (std::size_t i = 0; i < genomes.size(); ++i)
    CHECK(torch::allclose(logits[i], Subnet(supernet, genomes[i]).forward(pictures(5, 20, 2)).logits, 1e-5, 1e-5));
}

TEST_CASE("A tree holds what its sub-networks share once", "[backbone]") {
  const auto& space = find_space("avmnist-image");
  LayerViews views(Supernet(space, 10, Seed{5}));
  const auto layers = [&](const std::vector<std::string>& texts) {
    std::vector<BackboneGenome> genomes;
    for (const auto& text : texts) genomes.push_back(parse_genome(text, space));
    return SubnetTree(views, genomes).layers();
  };
  // Two fixed layers, the blocks, three of the head.
  CHECK(layers({"K=3,5,0,0;E=3,3,0,0;D=2"}) == 7);
  CHECK(layers({"K=3,5,0,0;E=3,3,0,0;D=2", "K=3,5,0,0;E=3,3,0,0;D=2"}) == 7);
  CHECK(layers({"K=3,5,0,0;E=3,3,0,0;D=2", "K=3,7,0,0;E=3,3,0,0;D=2"}) == 7 + 1 + 3);
  CHECK(layers({"K=3,5,0,0;E=3,3,0,0;D=2", "K=3,5,7,0;E=3,3,6,0;D=3"}) == 7 + 1 + 3);
  CHECK(layers({"K=3,5,0,0;E=3,3,0,0;D=2", "K=5,5,0,0;E=3,3,0,0;D=2"}) == 7 + 2 + 3);
}

TEST_CASE("Dealt in groups to ranks, a population keeps most of what it shares", "[backbone]") {
  const auto& space = find_space("avmnist-image");
  LayerViews views(Supernet(space, 10, Seed{5}));
  const auto genomes = some_genomes(space, 62);
  // Layers behind the two that all have in common, which any group runs again.
  const auto layers = [&](std::span<const BackboneGenome> some) { return SubnetTree(views, some).layers() - 2; };
  std::size_t dealt = 0, alone = 0;
  for (const auto& group : prefix_groups(genomes)) dealt += layers(group);
  for (const auto& genome : genomes) alone += layers({&genome, 1});
  const std::size_t together = layers(genomes);
  CHECK(together < alone * 9 / 10);
  // A group ends where a first block does, or at its size: what is computed again is that block and few behind it.
  CHECK(dealt - together < (alone - together) / 10);
}

TEST_CASE("Recalibrating layer by layer equals running the whole network batch by batch", "[backbone]") {
  const auto& space = find_space("avmnist-image");
  const Supernet supernet(space, 10, Seed{6});
  const auto batches = calibration_batches(pictures(30, 28, 3), 10);
  REQUIRE(batches.size() == 3);
  const auto genome = largest_genome(space);

  /// Batch statistics everywhere; keeps the means of the very last batch norm.
  class WholeNetwork : public ForwardMode {
   public:
    torch::Tensor batch_norm(const BatchNormView& norm, std::size_t, const torch::Tensor& x) override {
      last = x.mean({0, 2, 3});
      return torch::batch_norm(x, norm.weight, norm.bias, {}, {}, true, 0.1, kBatchNormEpsilon, false);
    }
    torch::Tensor last;
  } mode;
  const torch::NoGradGuard no_grad;
  auto average = torch::zeros({40});
  for (const auto& batch : batches) {
    (void)forward(supernet, genome, batch, mode);
    average += mode.last / 3;
  }
  LayerViews views(supernet);
  SubnetTree tree(views, {&genome, 1});
  tree.recalibrate(batches);
  const auto state = tree.subnet(0).state();
  const auto found = std::ranges::find(state, "final_expand_layer.bn.running_mean", &NamedTensor::first);
  REQUIRE(found != state.end());
  CHECK(torch::allclose(found->second, average, 1e-4, 1e-5));
}

TEST_CASE("Outputs of a tree are the features and logits that its sub-networks give by themselves", "[backbone]") {
  const auto check = [](const BackboneSpace& space, const torch::Tensor& batch, const torch::Tensor& inputs) {
    INFO(space.name);
    const Supernet supernet(space, 10, Seed{5});
    LayerViews views(supernet);
    const auto genomes = some_genomes(space, 4);
    SubnetTree tree(views, genomes);
    tree.recalibrate(std::vector{batch});
    const auto outputs = tree.outputs(inputs);
    REQUIRE(outputs.size() == genomes.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const torch::NoGradGuard no_grad;
      const auto alone = tree.subnet(i).forward(inputs);
      CHECK(torch::allclose(outputs[i].logits, alone.logits, 1e-4, 1e-5));
      REQUIRE(outputs[i].features.size() == alone.features.size());
      for (std::size_t f = 0; f < alone.features.size(); ++f) {
        REQUIRE(outputs[i].features[f].sizes() == alone.features[f].sizes());
        CHECK(torch::allclose(outputs[i].features[f], alone.features[f], 1e-3, 1e-4));
      }
    }
  };
  check(find_space("avmnist-image"), pictures(40, 28, 1), pictures(7, 28, 2));
  auto fused = find_space("avmnist-image");
  fused.expands = {3, 4, -4};
  fused.fixed_activation = Activation::relu;
  check(fused, pictures(40, 28, 1), pictures(7, 28, 2));
  check(find_space("maxout"), torch::rand({40, find_space("maxout").in_features}),
        torch::rand({7, find_space("maxout").in_features}));
}

TEST_CASE("An evaluator answers in the order asked, whatever is asked along", "[backbone][device]") {
  const auto& space = find_space("avmnist-audio");
  const Supernet supernet(space, 10, Seed{5});
  const BackboneEvaluator evaluator(supernet, pictures(40, 20, 1), 20, testing::test_device());
  const auto inputs = pictures(64, 20, 2);
  const auto labels = torch::arange(64).remainder(10);
  const auto genomes = some_genomes(space, 6);
  const auto together = evaluator.evaluate(genomes, inputs, labels, LabelKind::classification);
  for (std::size_t i = 0; i < genomes.size(); ++i)
    CHECK(evaluator.evaluate({genomes[i]}, inputs, labels, LabelKind::classification).front() == together[i]);
}

TEST_CASE("A sub-network whose statistics are kept is recalibrated once, and answers with the same bits",
          "[backbone][device][exact]") {
  const auto& space = find_space("avmnist-audio");
  const Supernet supernet(space, 10, Seed{5});
  const auto batches = calibration_batches(pictures(40, 20, 1), 20);
  const auto inputs = pictures(64, 20, 2);
  const auto labels = torch::arange(64).remainder(10);
  const auto genomes = some_genomes(space, 6);
  const auto state = [&](const BackboneEvaluator& evaluator, const BackboneGenome& genome) {
    return evaluator.subnet_state(genome);
  };
  const BackboneEvaluator keeping(supernet, batches, testing::test_device(), std::size_t{1} << 20U);
  const auto some = keeping.evaluate({genomes[0], genomes[3]}, inputs, labels, LabelKind::classification);
  int steps = 0;
  const auto all = keeping.evaluate(genomes, inputs, labels, LabelKind::classification, [&] { ++steps; });
  const int steps_of_both = std::exchange(steps, 0);
  CHECK(keeping.evaluate(genomes, inputs, labels, LabelKind::classification, [&] { ++steps; }) == all);
  CHECK(steps < steps_of_both);
  CHECK(all[0] == some[0]);
  CHECK(all[3] == some[1]);
  for (std::size_t i = 0; i < genomes.size(); ++i) {
    INFO(to_text(genomes[i]));
    const BackboneEvaluator fresh(supernet, batches, testing::test_device());
    CHECK(fresh.evaluate({genomes[i]}, inputs, labels, LabelKind::classification).front() == all[i]);
    const auto a = state(keeping, genomes[i]), b = state(fresh, genomes[i]);
    REQUIRE(a.size() == b.size());
    for (std::size_t t = 0; t < a.size(); ++t) CHECK(same_bits(a[t].second, b[t].second));
  }
  // Inactive genes make no other network.
  auto twin = genomes[0];
  twin.kernel.back() = twin.expand.back() = 3;
  REQUIRE(canonical(twin) == canonical(genomes[0]));
  steps = 0;
  (void)keeping.evaluate({genomes[0]}, inputs, labels, LabelKind::classification, [&] { ++steps; });
  const int steps_of_one = std::exchange(steps, 0);
  (void)keeping.evaluate({twin}, inputs, labels, LabelKind::classification, [&] { ++steps; });
  CHECK(steps == steps_of_one);
}

TEST_CASE("Sub-networks whose statistics are not all kept at once are recalibrated again, to the same bits",
          "[backbone][device]") {
  const auto& space = find_space("avmnist-audio");
  const auto genomes = some_genomes(space, 3);
  const auto labels = torch::arange(64).remainder(10);
  const BackboneEvaluator forgetful(Supernet(space, 10, Seed{5}), calibration_batches(pictures(40, 20, 1), 20),
                                    testing::test_device(), /*kept_bytes=*/1);
  const auto once = forgetful.evaluate(genomes, pictures(64, 20, 2), labels, LabelKind::classification);
  CHECK(forgetful.evaluate(genomes, pictures(64, 20, 2), labels, LabelKind::classification) == once);
}

TEST_CASE("Predictions that are not finite have no metric: their sub-network is named, and no other suffers",
          "[backbone][device]") {
  const auto& space = find_space("avmnist-audio");
  const Supernet supernet(space, 10, Seed{5});
  // Of the fourth block of a stage, which the smallest sub-network does not have.
  supernet.tensor("blocks.4.conv.point_linear.conv.conv.weight").fill_(3e38F);
  const BackboneEvaluator evaluator(supernet, pictures(40, 20, 1), 20, testing::test_device());
  const auto score = [&](const std::vector<BackboneGenome>& genomes) {
    return evaluator.evaluate(genomes, pictures(16, 20, 2), torch::arange(16).remainder(10), LabelKind::classification);
  };
  const auto smallest = smallest_genome(space), largest = largest_genome(space);
  CHECK(score({smallest}).size() == 1);
  CHECK_THROWS_AS(score({smallest, largest}), CandidateError);
  CHECK_THROWS_WITH(score({smallest, largest}), Catch::Contains(to_text(largest)) && Catch::Contains("not finite"));
}

TEST_CASE("In bf16 a network says what it says in float32, but for rounding, of statistics in float32",
          "[backbone][device]") {
  // With squeeze-and-excite and dense convolutions.
  auto space = find_space("harmp-image");
  space.resolution = 32;
  space.expands = {3, 4, -4};
  const Supernet supernet(space, 10, Seed{5});
  const auto sample = [](std::int64_t count, std::uint64_t seed) {
    return pictures(3 * count, 32, seed).view({count, 3, 32, 32});
  };
  const auto batches = calibration_batches(sample(40, 1), 20);
  const auto genomes = some_genomes(space, 2);
  for (const auto& genome : genomes) {
    INFO(to_text(genome));
    const BackboneEvaluator exact(supernet, batches, testing::test_device());
    const BackboneEvaluator rounded(supernet, batches, testing::test_device(), 0, Arithmetic::bf16);
    const auto offered = offered_features(feature_count(space, genome), 3);
    const auto expected = exact.features(genome, {sample(12, 2)}, offered, 4).front();
    const auto found = rounded.features(genome, {sample(12, 2)}, offered, 4).front();
    // Each of some thirty operations in a row may round by 2^-8 of its values, mostly not the same way.
    const double tolerance = std::sqrt(30.0) * std::ldexp(1.0, -8) * 3;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CHECK(found[i].scalar_type() == torch::kFloat32);
      const double error = ((found[i] - expected[i]).norm() / expected[i].norm()).item<double>();
      CHECK(error < tolerance);
      CHECK(error > 0);  // it is another arithmetic
    }
    for (const auto& [name, tensor] : rounded.subnet_state(genome)) CHECK(tensor.scalar_type() == torch::kFloat32);
  }
}

TEST_CASE("Features offered to fusion are pooled to the side asked for", "[backbone]") {
  const auto& space = find_space("avmnist-image");
  const BackboneEvaluator evaluator(Supernet(space, 10, Seed{5}), pictures(20, 28, 1), 20, testing::test_device());
  const auto genome = smallest_genome(space);
  const auto offered = offered_features(feature_count(space, genome), 3);
  const auto features = evaluator.features(genome, {pictures(5, 28, 2), pictures(3, 28, 3)}, offered, 4);
  REQUIRE(features.size() == 2);
  REQUIRE(features[0].size() == 4);  // the logits come last
  const auto channels = feature_channels(space, genome, 10);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(features[0][i].sizes() == torch::IntArrayRef{5, channels[static_cast<std::size_t>(offered[i])], 16});
    CHECK(features[1][i].size(0) == 3);
  }
  const auto whole = evaluator.subnet(genome).forward(pictures(5, 28, 2));
  const auto index = static_cast<std::size_t>(offered[0]);
  CHECK(features[0][0][2][1].max().item<float>() == whole.features[index][2][1].max().item<float>());
  CHECK(torch::allclose(features[0].back(), whole.logits, 1e-4, 1e-5));
}

TEST_CASE("Features that are more than the memory they may take lie in a file, and are the same",
          "[backbone][device]") {
  const auto& space = find_space("avmnist-image");
  const BackboneEvaluator evaluator(Supernet(space, 10, Seed{5}), pictures(20, 28, 1), 20, testing::test_device());
  const auto genome = smallest_genome(space);
  const auto offered = offered_features(feature_count(space, genome), 2);
  const std::vector<SampleSource> splits = {pictures(70, 28, 2), pictures(3, 28, 3)};
  const auto held = evaluator.features(genome, splits, offered, 4);
  const auto in_file = evaluator.features(genome, splits, offered, 4, /*memory_bytes=*/1024);
  for (std::size_t split = 0; split < splits.size(); ++split)
    for (std::size_t i = 0; i < held[split].size(); ++i) {
      CHECK(torch::equal(held[split][i], in_file[split][i]));
      CHECK_FALSE(is_scratch(held[split][i]));
      CHECK(is_scratch(in_file[split][i]) == (i < offered.size()));  // the logits come last
    }
}

TEST_CASE("A Maxout network is recalibrated and offers its vectors", "[backbone][device]") {
  auto space = find_space("maxout");
  space.in_features = 20;
  const auto samples = pictures(30, 20, 4).flatten(1).narrow(1, 0, 20).contiguous();
  const BackboneEvaluator evaluator(Supernet(space, 23, Seed{5}), samples, 10, testing::test_device());
  const auto features = evaluator.features({}, {samples}, {0, 1}, 4);
  CHECK(features[0][0].sizes() == torch::IntArrayRef{30, 128, 1});
  CHECK(features[0][1].sizes() == torch::IntArrayRef{30, 256, 1});
  const auto state = evaluator.subnet_state({});
  const auto mean = std::ranges::find(state, "op_list.1.0.running_mean", &NamedTensor::first);
  REQUIRE(mean != state.end());
  CHECK(torch::allclose(mean->second, features[0][0].squeeze(2).mean(0), 1e-4, 1e-5));
}

TEST_CASE("The larger a sample, the fewer go through a network at once", "[backbone]") {
  // A chunk's widest maps, at 224x224 of MM-IMDB's space: 144 channels of 112x112 a sample, 7 MB.
  CHECK(evaluation_chunk(torch::empty({1, 3, 224, 224}).expand({1000, 3, 224, 224})) <= 16);
  CHECK(evaluation_chunk(torch::empty({1, 1, 28, 28}).expand({1000, 1, 28, 28})) >= 256);
  CHECK(evaluation_chunk(torch::empty({0, 300})) >= 1);
}

TEST_CASE("Samples read together go through a network in parts, all of them once and in order", "[backbone]") {
  const auto chunk = torch::arange(150).view({150, 1});
  const auto parts = evaluation_parts(chunk);
  CHECK(parts.size() > 1);
  CHECK(torch::equal(torch::cat(parts), chunk));
  CHECK(evaluation_parts(chunk.narrow(0, 0, 0)).size() == 1);  // an empty split has empty features
}

TEST_CASE("Samples that do not fit the space are refused with both shapes", "[backbone]") {
  const Supernet supernet(find_space("avmnist-image"), 10, Seed{5});
  CHECK_THROWS_WITH(BackboneEvaluator(supernet, pictures(8, 20, 1), 8, testing::test_device()),
                    Catch::Contains("1x20x20") && Catch::Contains("1x28x28"));
  CHECK_THROWS_WITH(calibration_batches(torch::empty({0, 1, 28, 28}), 8), Catch::Contains("train split"));
}

}  // namespace harmonic
