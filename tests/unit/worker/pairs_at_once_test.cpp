#include "worker/pairs_at_once.hpp"

#include <catch2/catch.hpp>

namespace harmonic {
namespace {

SearchSettings settings() {
  SearchSettings s;
  s.modalities = {{"audio", find_space("avmnist-audio"), "a.h5"}, {"image", find_space("avmnist-image"), "i.h5"}};
  return s;
}

DatasetInfo data() {
  DatasetInfo info;
  info.classes = 10;
  info.samples = {900, 150, 150};
  return info;
}

}  // namespace

TEST_CASE("As many pairs train at once as memory and the cost of starting kernels make worth it", "[fusion][pairs]") {
  const auto load = pair_load(settings(), data());
  const GpuPower large{.room_bytes = 100 * load.bytes, .multiply_adds_per_s = 1e14};
  const int pairs = pairs_worth_a_pass(load, large);
  CHECK(pairs > 1);
  CHECK(pairs <= 100);  // the memory
  auto gpu = large;
  gpu.multiply_adds_per_s *= 2;  // the faster it computes, the more does a launch weigh
  CHECK(pairs_worth_a_pass(load, gpu) >= pairs);
  gpu.room_bytes = 3.25 * load.bytes;
  CHECK(pairs_worth_a_pass(load, gpu) == 3);
  gpu.room_bytes = 0;
  CHECK(pairs_worth_a_pass(load, gpu) == 1);
  CHECK(pairs_worth_a_pass(load, {.room_bytes = 1e6 * load.bytes}) == kMostPairsAtOnce);
}

TEST_CASE("More samples, views, cells and inputs ask for more of a GPU", "[fusion][pairs]") {
  const auto usual = pair_load(settings(), data());
  auto many = data();
  many.samples[0] *= 10;
  CHECK(pair_load(settings(), many).bytes > usual.bytes);
  CHECK(pair_load(settings(), many).multiply_adds == usual.multiply_adds);
  auto viewed = settings();
  viewed.fusion.train_views = 4;
  CHECK(pair_load(viewed, data()).bytes > usual.bytes);
  auto deep = settings();
  deep.evolution.macro.other_cells = {6};
  CHECK(pair_load(deep, data()).kernels > usual.kernels);
  CHECK(pair_load(deep, data()).multiply_adds > usual.multiply_adds);
  auto fewer = settings();
  fewer.fusion.features = {1};
  CHECK(pair_load(fewer, data()).kernels < usual.kernels);
}

TEST_CASE("Automatically one pair trains at a time on a CPU, and where several cannot", "[fusion][pairs]") {
  CHECK(automatic_pairs_at_once(settings(), torch::kCPU) == 1);
  auto steady = settings();
  steady.evolution.schedule = Schedule::steady;
  CHECK(automatic_pairs_at_once(steady, {torch::kCUDA, 0}) == 1);  // the GPU is not even asked
}

}  // namespace harmonic
