#include "worker/fusion/standstill.hpp"

#include <catch2/catch.hpp>
#include <torch/types.h>
#include <torch/utils.h>

namespace harmonic {
namespace {

/// Of one cell of two nodes and three operators, whose strongest have these indices, and whose states vary.
Architecture with_operators(std::int64_t first, std::int64_t second, double lead) {
  Architecture architecture = random_architecture(4, {1, 2}, 3, torch::kCPU);
  const torch::NoGradGuard no_grad;
  architecture.gammas[0][0][first] += lead;
  architecture.gammas[0][1][second] += lead;
  return architecture;
}

TEST_CASE("A search stands still when its operators were decided and the same for as many epochs as wanted",
          "[fusion][standstill]") {
  Standstill standstill(3);
  const auto after = [&](const Architecture& architecture, double temperature = 1) {
    standstill.add_epoch(architecture, temperature);
    return standstill.reached();
  };
  CHECK_FALSE(after(with_operators(0, 1, 0.5)));  // the same, but undecided
  CHECK_FALSE(after(with_operators(0, 1, 0.5)));
  CHECK_FALSE(after(with_operators(0, 1, 0.5)));
  CHECK_FALSE(after(with_operators(0, 1, 6)));
  CHECK_FALSE(after(with_operators(0, 1, 6)));
  CHECK_FALSE(after(with_operators(0, 2, 6)));  // another one: counted anew
  CHECK_FALSE(after(with_operators(0, 2, 6)));
  CHECK_FALSE(after(with_operators(0, 2, 0.5)));  // undecided again
  CHECK_FALSE(after(with_operators(0, 2, 0.5), 0.05));
  CHECK_FALSE(after(with_operators(0, 2, 6)));
  CHECK(after(with_operators(0, 2, 6)));
}

TEST_CASE("A search with one operator learns what to read, and never stands still", "[fusion][standstill]") {
  Standstill standstill(2);
  for (int epoch = 0; epoch < 5; ++epoch) standstill.add_epoch(random_architecture(4, {1, 2}, 1, torch::kCPU), 1);
  CHECK_FALSE(standstill.reached());
}

TEST_CASE("A search that is to run all its epochs never stands still", "[fusion][standstill]") {
  Standstill standstill(0);
  for (int epoch = 0; epoch < 5; ++epoch) standstill.add_epoch(with_operators(0, 1, 9), 1);
  CHECK_FALSE(standstill.reached());
}

}  // namespace
}  // namespace harmonic
