#include "worker/tensor/device_random.hpp"

#include <catch2/catch.hpp>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/rng.hpp"
#include "tests/support/stand_in_accelerator.hpp"
#include "worker/train/training_mode.hpp"

namespace harmonic {

TEST_CASE("What is drawn on a device is what the host's streams give, to the bit", "[device][random]") {
  const auto device = GENERATE(torch::Device(torch::kCPU), testing::stand_in_accelerator());
  const auto columns = GENERATE(1, 2, 7, 64);
  const auto p = GENERATE(0.1, 0.5, 1 / 3.0, 1.0);
  constexpr std::int64_t kRows = 5, kFirst = 1'000'000'007;
  const std::uint64_t step = 0xfedcba9876543210;
  const auto drawn = chances(Seed{42}, "dropout 3", step, kFirst, kRows, columns, p, device).cpu();
  REQUIRE(drawn.sizes() == at::IntArrayRef({kRows, columns}));
  for (std::int64_t row = 0; row < kRows; ++row) {
    RandomStream random(Seed{42}, "dropout 3", step, static_cast<std::uint64_t>(kFirst + row));
    for (std::int64_t column = 0; column < columns; ++column)
      CHECK(drawn[row][column].item<bool>() == random.chance(p));
  }
}

TEST_CASE("A supernet in training drops on a device what it drops on the CPU", "[device][random]") {
  const TrainingMode::Drops drops{
      .dropout = 0.3, .drop_connect = 0.4, .shortcuts = 2, .seed = Seed{3}, .step = 17, .first_sample = 24};
  const auto dropped = [&](torch::Device device) {
    TrainingMode mode(nullptr, false, drops);
    const auto vectors = torch::ones({6, 33}, device), maps = torch::ones({6, 4, 3, 3}, device);
    return std::vector{mode.dropout(vectors).cpu(), mode.dropout(vectors).cpu(), mode.drop_connect(maps).cpu()};
  };
  const auto here = dropped(torch::kCPU), there = dropped(testing::stand_in_accelerator());
  for (std::size_t i = 0; i < here.size(); ++i) CHECK(torch::equal(here[i], there[i]));
  CHECK_FALSE(torch::equal(here[0], here[1]));  // each time another mask
  CHECK(here[0].eq(0).any().item<bool>());
}

}  // namespace harmonic
