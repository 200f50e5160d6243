#include "worker/train/supernet_training.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <torch/optim/adam.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/space/genome.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/test_device.hpp"
#include "worker/backbone/subnet.hpp"
#include "worker/data/augmentation.hpp"
#include "worker/train/flat_optimizer.hpp"
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
  settings.augmentation = Augmentation::none;
  settings.ema = 0.5;
  return settings;
}

}  // namespace

TEST_CASE("A supernet learns its classes at both ends of the space", "[training][device]") {
  const auto& space = find_space("avmnist-audio");
  const auto group = solo_collectives();
  const auto trained =
      train_supernet(Supernet(space, 4, Seed{1}), corners(96, 64), quick(), *group, testing::test_device());
  CHECK(trained.largest_percent > 80);
  CHECK(trained.smallest_percent > 80);
  CHECK(trained.best_epoch == 8);
}

TEST_CASE("A supernet that is trained in bf16 learns what one in float32 does, its weights float32",
          "[training][device]") {
  const auto group = solo_collectives();
  const auto data = corners(48, 16);
  auto settings = quick();
  settings.epochs = 3;  // a CPU without instructions for bf16 takes its time
  settings.random_subnets = 0;
  settings.sync_batch_norm = GENERATE(SyncBatchNorm::off, SyncBatchNorm::on);
  const auto losses = [&](Arithmetic arithmetic) {
    settings.arithmetic = arithmetic;
    std::vector<double> largest;
    TrainingControl control;
    control.epoch_done = [&](const TrainedEpoch& done) { largest.push_back(done.losses.largest); };
    control.inspect = [&](const torch::Tensor& gradients) { CHECK(gradients.scalar_type() == torch::kFloat32); };
    const auto trained = train_supernet(Supernet(find_space("avmnist-audio"), 4, Seed{1}), data, settings, *group,
                                        testing::test_device(), control);
    for (const auto& [name, tensor] : trained.supernet.tensors()) CHECK(tensor.scalar_type() == torch::kFloat32);
    return largest;
  };
  const auto exact = losses(Arithmetic::float32), rounded = losses(Arithmetic::bf16);
  REQUIRE(exact.size() == rounded.size());
  CHECK(rounded != exact);
  // A loss is of logits of about 1, to which some twenty operations in a row have added 2^-8 of their values each.
  CHECK(std::abs(rounded.front() - exact.front()) < 20 * std::ldexp(1.0, -8));
  CHECK(rounded.front() - rounded.back() > 0.5 * (exact.front() - exact.back()));
  CHECK(exact.front() > exact.back());
}

TEST_CASE("What a validation would stumble over is refused before the first step", "[training][device]") {
  const auto group = solo_collectives();
  auto settings = quick();
  settings.calibration_samples = 1;  // has no variance
  TrainingControl control;
  control.inspect = [](const torch::Tensor&) { FAIL("a step was taken"); };
  const Supernet initial(find_space("avmnist-audio"), 4, Seed{1});
  CHECK_THROWS_AS(train_supernet(initial, corners(32, 8), settings, *group, testing::test_device(), control),
                  InputError);
}

TEST_CASE("The same seed trains the same weights, another seed others", "[training][device][exact]") {
  const auto& space = find_space("avmnist-audio");
  const auto group = solo_collectives();
  auto settings = quick();
  settings.epochs = 1;
  settings.augmentation = Augmentation::mfcc;
  const auto data = corners(32, 8);
  const Supernet initial(space, 4, Seed{1});
  const auto a = train_supernet(initial, data, settings, *group, testing::test_device());
  const auto b = train_supernet(initial, data, settings, *group, testing::test_device());
  settings.seed = 2;
  const auto c = train_supernet(initial, data, settings, *group, testing::test_device());
  const std::string name = "blocks.1.conv.point_linear.conv.conv.weight";
  CHECK(torch::equal(a.supernet.tensor(name), b.supernet.tensor(name)));
  CHECK_FALSE(torch::equal(a.supernet.tensor(name), c.supernet.tensor(name)));
  CHECK(torch::equal(initial.tensor(name), Supernet(space, 4, Seed{1}).tensor(name)));  // the initial one is left alone
}

namespace {

/// Trains, and throws when the step of that number (from 1) has its gradients: as good as a kill.
TrainedSupernet train_until(int killed_at, const Supernet& initial, const TrainingData& data,
                            const SupernetTrainingSettings& settings, TrainingControl control) {
  const auto group = solo_collectives();
  int step = 0;
  control.inspect = [&](const torch::Tensor&) {
    if (++step == killed_at) throw RunError("killed");
  };
  return train_supernet(initial, data, settings, *group, testing::test_device(), control);
}

}  // namespace

TEST_CASE("A training that was killed and resumed ends with the weights of one that was not, to the bit",
          "[training][device][exact]") {
  const testing::TemporaryFolder folder;
  at::set_num_threads(1);
  auto settings = quick();
  settings.epochs = 3;
  settings.validate_every = 2;
  settings.augmentation = Augmentation::mfcc;
  settings.optimizer = GENERATE(Optimizer::adam, Optimizer::sgd);
  const auto data = corners(48, 8);  // 3 steps an epoch
  const Supernet initial(find_space("avmnist-audio"), 4, Seed{1});
  TrainingControl control;
  std::map<int, TrainedEpoch> told;
  control.epoch_done = [&](const TrainedEpoch& done) { told[done.epoch] = done; };
  const auto whole = train_until(0, initial, data, settings, control);
  REQUIRE(told.size() == 3);
  const auto of_whole = std::exchange(told, {});

  control.state_file = folder.path() / "out.training";
  control.save_every_s = 0;
  control.resume = true;
  CHECK_THROWS_AS(train_until(2, initial, data, settings, control), RunError);  // in the first epoch
  CHECK_THROWS_AS(train_until(6, initial, data, settings, control), RunError);  // after the first validation
  control.stop = [asked = 0]() mutable { return ++asked == 1; };
  CHECK(train_until(0, initial, data, settings, control).stopped);
  control.stop = [] { return false; };
  const auto resumed = train_until(0, initial, data, settings, control);
  CHECK(resumed.times.steps == 2);
  CHECK(resumed.best_epoch == whole.best_epoch);
  CHECK(resumed.largest_percent == whole.largest_percent);
  CHECK((told == of_whole));  // of the epoch under way, too, what was done before the kill
  for (std::size_t i = 0; i < whole.supernet.tensors().size(); ++i) {
    INFO(whole.supernet.tensors()[i].first);
    CHECK(torch::equal(resumed.supernet.tensors()[i].second, whole.supernet.tensors()[i].second));
  }
}

TEST_CASE("Every epoch tells its learning rate and losses, and its metrics where it was validated",
          "[training][device]") {
  auto settings = quick();
  settings.validate_every = 4;
  settings.random_subnets = GENERATE(0, 2);
  const auto& space = find_space("avmnist-audio");
  const auto group = solo_collectives();
  TrainingControl control;
  std::vector<TrainedEpoch> told;
  control.epoch_done = [&](const TrainedEpoch& done) { told.push_back(done); };
  const auto trained =
      train_supernet(Supernet(space, 4, Seed{1}), corners(48, 32), settings, *group, testing::test_device(), control);
  REQUIRE(told.size() == 8);
  for (std::size_t e = 0; e < told.size(); ++e) {
    const auto& [epoch, rate, losses, validated] = told[e];
    CHECK(epoch == static_cast<int>(e) + 1);
    CHECK(rate == learning_rate(settings, 3 * epoch - 1, 3));
    CHECK(losses.random.has_value() == (settings.random_subnets > 0));
    CHECK(validated.has_value() == (epoch % 4 == 0));
  }
  const auto& [first, last] = std::pair(told.front().losses, told.back().losses);
  CHECK(last.largest < first.largest);
  CHECK(*last.smallest < *first.smallest);
  if (first.random) CHECK(*last.random < *first.random);
  CHECK(*last.smallest != last.largest);
  CHECK(told.back().validated->largest == trained.largest_percent);
  CHECK(told.back().validated->smallest == trained.smallest_percent);
  CHECK(*told.back().validated->random > 25);  // of guessing
}

TEST_CASE("A state of other settings or data is refused, and the difference named", "[training]") {
  const testing::TemporaryFolder folder;
  auto settings = quick();
  settings.epochs = 1;
  const Supernet initial(find_space("avmnist-audio"), 4, Seed{1});
  TrainingControl control;
  control.state_file = folder.path() / "out.training";
  control.save_every_s = 0;
  control.resume = true;
  CHECK_THROWS_AS(train_until(2, initial, corners(32, 8), settings, control), RunError);
  auto others = settings;
  others.lr = 0.002;
  CHECK_THROWS_WITH(train_until(0, initial, corners(32, 8), others, control),
                    Catch::Contains("lr (0.00") && Catch::Contains("0.002 given)"));
  CHECK_THROWS_WITH(train_until(0, initial, corners(36, 8), settings, control), Catch::Contains("training data ("));
  CHECK_THROWS_WITH(
      train_until(0, Supernet(find_space("avmnist-audio"), 4, Seed{2}), corners(32, 8), settings, control),
      Catch::Contains("first weights ("));
  auto space = find_space("avmnist-audio");
  space.kernels = {3, 5};
  CHECK_THROWS_WITH(
      train_until(0, Supernet(space, 4, Seed{1}), corners(32, 8), settings, control),
      Catch::Contains("search space kernels ([3,5,7] there, [3,5] given)") && !Catch::Contains("search space stages"));
  replace_file(control.state_file, "no state");
  CHECK_THROWS_AS(train_until(0, initial, corners(32, 8), settings, control), InputError);
}

TEST_CASE("The optimisers take LibTorch's steps", "[training]") {
  auto settings = quick();
  settings.optimizer = GENERATE(Optimizer::adam, Optimizer::sgd);
  settings.weight_decay = 0;
  Supernet supernet(find_space("avmnist-audio"), 4, Seed{1});
  FlatParameters flat(supernet);
  FlatOptimizer optimizer(settings, flat);
  auto expected = flat.values().clone().requires_grad_();
  torch::optim::Adam adam({expected}, torch::optim::AdamOptions(0.01).eps(1e-4));
  torch::optim::SGD sgd({expected}, torch::optim::SGDOptions(0.01).momentum(settings.momentum).nesterov(true));
  for (int step = 0; step < 4; ++step) {
    flat.gradients().copy_(torch::sin(flat.values() * (step + 1)) + 0.1 * step);
    expected.mutable_grad() = flat.gradients().clone();
    if (settings.optimizer == Optimizer::adam)
      adam.step();
    else
      sgd.step();
    optimizer.update(step, 0.01);
    CHECK(torch::allclose(flat.values(), expected, 1e-5, 1e-6));
  }
}

TEST_CASE("A Maxout network trains on several labels a sample", "[training][device]") {
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
  const auto trained = train_supernet(Supernet(space, 3, Seed{1}), data, settings, *group, testing::test_device());
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
  const auto samples = corners(6, 1).train_inputs.all();
  for (const auto kind : {Augmentation::digits, Augmentation::pictures, Augmentation::mfcc}) {
    const auto all = augment(kind, samples, torch::arange(6), Seed{1}, 3);
    const auto tail = augment(kind, samples.narrow(0, 4, 2), torch::arange(4, 6), Seed{1}, 3);
    CHECK(torch::equal(all.narrow(0, 4, 2), tail));
    CHECK_FALSE(torch::equal(all, samples));
    CHECK_FALSE(torch::equal(all, augment(kind, samples, torch::arange(6), Seed{1}, 4)));
  }
  CHECK(torch::equal(augment(Augmentation::none, samples, torch::arange(6), Seed{1}, 3), samples));
}

TEST_CASE("The few frames of a padded sound are varied within themselves", "[training]") {
  auto samples = torch::full({64, 1, 20, 20}, -0.5);
  samples.narrow(3, 0, 4).copy_(corners(64, 1).train_inputs.all().narrow(3, 0, 4));
  const auto varied = augment(Augmentation::mfcc, samples, torch::arange(64), Seed{1}, 1);
  const auto padding = varied.narrow(3, 6, 14);
  CHECK((padding.eq(-0.5) | padding.eq(0)).all().item<bool>());  // 0: a masked coefficient
  const auto frames = varied.narrow(3, 0, 4);
  CHECK_FALSE(torch::equal(frames, samples.narrow(3, 0, 4)));
  CHECK(frames.flatten(1).std(1).min().item<double>() > 0.5);  // none is shifted away
}

TEST_CASE("Training on an empty split or on samples of another shape is refused", "[training]") {
  const auto group = solo_collectives();
  const Supernet supernet(find_space("avmnist-image"), 4, Seed{1});
  CHECK_THROWS_WITH(train_supernet(supernet, corners(8, 4), quick(), *group, testing::test_device()),
                    Catch::Contains("1x20x20"));
  auto empty = corners(8, 4);
  empty.val_inputs = empty.val_inputs.range(0, 0);
  CHECK_THROWS_AS(
      train_supernet(Supernet(find_space("avmnist-audio"), 4, Seed{1}), empty, quick(), *group, testing::test_device()),
      InputError);
  CHECK_THROWS_WITH(train_supernet(Supernet(find_space("avmnist-audio"), 4, Seed{1}), corners(1, 4), quick(), *group,
                                   testing::test_device()),
                    Catch::Contains("split train: 1") && Catch::Contains("at least 2"));
}

TEST_CASE("A training that diverges ends there, and says when and what to lower", "[training][device]") {
  const auto group = solo_collectives();
  const Supernet initial(find_space("avmnist-audio"), 4, Seed{1});
  const auto data = corners(48, 8);  // 3 steps an epoch
  auto settings = quick();
  SECTION("at the first gradient that is not finite") {
    settings.clip = GENERATE(0.0, 5.0);
    TrainingControl control;
    int step = 0;
    control.inspect = [&](const torch::Tensor& gradients) {
      if (++step == 5) gradients[7] = std::numeric_limits<float>::quiet_NaN();
    };
    CHECK_THROWS_WITH(train_supernet(initial, data, settings, *group, testing::test_device(), control),
                      Catch::Contains("epoch 2, step 2 of 3") && Catch::Contains("--lr") && Catch::Contains("--clip"));
    CHECK(step == 5);
  }
  SECTION("by itself") {
    settings.optimizer = Optimizer::sgd;
    settings.lr = 100;
    settings.weight_decay = 10;
    settings.warmup_epochs = 0;
    settings.clip = 0;
    CHECK_THROWS_AS(train_supernet(initial, data, settings, *group, testing::test_device()), RunError);
  }
  SECTION("where all stays finite, by the loss of an epoch") {
    settings.lr = 100;
    settings.warmup_epochs = 0;
    CHECK_THROWS_WITH(train_supernet(initial, data, settings, *group, testing::test_device()),
                      Catch::Contains("the loss of epoch 1 is") && Catch::Contains("--lr (it is 100)"));
  }
}

}  // namespace harmonic
