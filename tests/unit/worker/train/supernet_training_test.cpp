#include "worker/train/supernet_training.hpp"

#include <catch2/catch.hpp>
#include <torch/torch.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/space/genome.hpp"
#include "worker/backbone/subnet.hpp"
#include "worker/train/augmentation.hpp"
#include "worker/train/flat_parameters.hpp"

namespace harmonic {
namespace {

/// Four classes of pictures: a bright square in one corner, under noise.
TrainingData corners(std::int64_t train, std::int64_t val) {
  const auto make = [](std::int64_t count, std::uint64_t seed) {
    auto pictures = torch::empty({count, 1, 20, 20});
    RandomStream random(Seed{seed}, "test corners");
    auto* data = pictures.data_ptr<float>();
    for (std::int64_t i = 0; i < pictures.numel(); ++i) data[i] = static_cast<float>(random.normal());
    for (std::int64_t i = 0; i < count; ++i)
      pictures[i][0].narrow(0, i % 4 / 2 * 10, 10).narrow(1, i % 2 * 10, 10).add_(1.0);
    return pictures;
  };
  return {make(train, 1), torch::arange(train).remainder(4), make(val, 2), torch::arange(val).remainder(4),
          LabelKind::classification};
}

SupernetTrainingSettings quick() {
  SupernetTrainingSettings settings;
  settings.epochs = 8;
  settings.batch = 16;
  settings.random_subnets = 1;
  settings.validate_every = 8;
  settings.augmentation = "none";
  settings.ema = 0.5;
  return settings;
}

void ignore(const TrainingProgress&) {}

}  // namespace

TEST_CASE("A supernet learns its classes at both ends of the space", "[training]") {
  const auto& space = find_space("avmnist-audio");
  const auto group = solo_collectives();
  const auto trained =
      train_supernet(Supernet(space, 4, Seed{1}), corners(96, 64), quick(), *group, torch::kCPU, ignore);
  CHECK(trained.largest_percent > 80);
  CHECK(trained.smallest_percent > 80);
  CHECK(trained.best_epoch == 8);
}

TEST_CASE("The same seed trains the same weights, another seed others", "[training]") {
  const auto& space = find_space("avmnist-audio");
  const auto group = solo_collectives();
  auto settings = quick();
  settings.epochs = 1;
  settings.augmentation = "mfcc";
  const auto data = corners(32, 8);
  const Supernet initial(space, 4, Seed{1});
  const auto a = train_supernet(initial, data, settings, *group, torch::kCPU, ignore);
  const auto b = train_supernet(initial, data, settings, *group, torch::kCPU, ignore);
  settings.seed = 2;
  const auto c = train_supernet(initial, data, settings, *group, torch::kCPU, ignore);
  const std::string name = "blocks.1.conv.point_linear.conv.conv.weight";
  CHECK(torch::equal(a.supernet.tensor(name), b.supernet.tensor(name)));
  CHECK_FALSE(torch::equal(a.supernet.tensor(name), c.supernet.tensor(name)));
  CHECK(torch::equal(initial.tensor(name), Supernet(space, 4, Seed{1}).tensor(name)));  // the initial one is left alone
}

TEST_CASE("A Maxout network trains on several labels a sample", "[training]") {
  auto space = find_space("maxout");
  space.in_features = 10;
  auto inputs = torch::empty({64, 10});
  RandomStream random(Seed{1}, "test vectors");
  for (std::int64_t i = 0; i < inputs.numel(); ++i) inputs.data_ptr<float>()[i] = static_cast<float>(random.normal());
  const auto labels = inputs.narrow(1, 0, 3).gt(0).to(torch::kFloat32);
  const TrainingData data{inputs, labels, inputs, labels, LabelKind::multilabel};
  const auto group = solo_collectives();
  auto settings = quick();
  settings.epochs = 20;
  const auto trained = train_supernet(Supernet(space, 3, Seed{1}), data, settings, *group, torch::kCPU, ignore);
  CHECK(trained.largest_percent > 85);
}

TEST_CASE("Gradients reach every parameter, kernel matrices included, and sum into the flat buffer", "[training]") {
  const auto& space = find_space("harmp-image");
  Supernet supernet(space, 3, Seed{1});
  FlatParameters flat(supernet);
  const auto genome = parse_genome("K=3,3,3,3,3,3,3,3,3,3,3,3;E=6,6,6,6,6,6,6,6,6,6,6,6;D=4,4,4", space);
  StoredStatistics mode;
  forward(supernet, genome, torch::ones({2, 3, 112, 112}) * torch::tensor({1.0, -1.0}).view({2, 1, 1, 1}), mode)
      .logits.square()
      .sum()
      .backward();
  std::int64_t total = 0;
  for (const auto& [name, tensor] : supernet.tensors()) {
    if (is_buffer(name)) continue;
    INFO(name);
    CHECK(tensor.grad().is_alias_of(flat.gradients()));
    CHECK(tensor.grad().abs().max().item<double>() > 0);
    total += tensor.numel();
  }
  CHECK(flat.values().numel() == total);
}

TEST_CASE("The learning rate warms up linearly, then falls along a cosine", "[training]") {
  SupernetTrainingSettings settings;
  settings.epochs = 10;
  settings.warmup_epochs = 2;
  settings.lr = 1;
  settings.lr_min = 0.1;
  CHECK(learning_rate(settings, 0, 5) == Approx(0.1));
  CHECK(learning_rate(settings, 4, 5) == Approx(0.5));
  CHECK(learning_rate(settings, 9, 5) == Approx(1.0));
  CHECK(learning_rate(settings, 29, 5) == Approx(0.55));
  CHECK(learning_rate(settings, 49, 5) == Approx(0.1));
}

TEST_CASE("A sample is varied the same way whichever batch it is in", "[training]") {
  const auto samples = corners(6, 1).train_inputs;
  for (const auto kind : {Augmentation::digits, Augmentation::pictures, Augmentation::mfcc}) {
    const auto all = augment(kind, samples, {0, 1, 2, 3, 4, 5}, Seed{1}, 3);
    const auto tail = augment(kind, samples.narrow(0, 4, 2), {4, 5}, Seed{1}, 3);
    CHECK(torch::equal(all.narrow(0, 4, 2), tail));
    CHECK_FALSE(torch::equal(all, samples));
    CHECK_FALSE(torch::equal(all, augment(kind, samples, {0, 1, 2, 3, 4, 5}, Seed{1}, 4)));
  }
  CHECK(torch::equal(augment(Augmentation::none, samples, {0, 1, 2, 3, 4, 5}, Seed{1}, 3), samples));
}

TEST_CASE("Training on an empty split or on samples of another shape is refused", "[training]") {
  const auto group = solo_collectives();
  const Supernet supernet(find_space("avmnist-image"), 4, Seed{1});
  CHECK_THROWS_WITH(train_supernet(supernet, corners(8, 4), quick(), *group, torch::kCPU, ignore),
                    Catch::Contains("1x20x20"));
  auto empty = corners(8, 4);
  empty.val_inputs = empty.val_inputs.narrow(0, 0, 0);
  CHECK_THROWS_AS(
      train_supernet(Supernet(find_space("avmnist-audio"), 4, Seed{1}), empty, quick(), *group, torch::kCPU, ignore),
      InputError);
}

}  // namespace harmonic
