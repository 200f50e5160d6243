#include "worker/tensor/permutation.hpp"

#include <catch2/catch.hpp>

namespace harmonic {

TEST_CASE("A permutation is the key's alone, and holds every index once", "[tensor]") {
  const auto drawn = [](std::uint64_t seed, std::int64_t count) {
    RandomStream random(Seed{seed}, "test order");
    return permutation(count, random);
  };
  const auto order = drawn(1, 100);
  CHECK(order.scalar_type() == torch::kInt64);
  CHECK(torch::equal(std::get<0>(order.sort()), torch::arange(100)));
  CHECK(torch::equal(order, drawn(1, 100)));
  CHECK_FALSE(torch::equal(order, drawn(2, 100)));
  CHECK(drawn(1, 0).numel() == 0);
}

TEST_CASE("A permutation is a shuffle of RandomStream's", "[tensor]") {
  RandomStream one(Seed{3}, "test order"), other(Seed{3}, "test order");
  std::vector<std::int64_t> shuffled = {0, 1, 2, 3, 4, 5, 6, 7};
  one.shuffle(shuffled);
  CHECK(torch::equal(permutation(8, other), torch::tensor(shuffled)));
  CHECK(one.bits64() == other.bits64());  // the stream goes on behind it
}

}  // namespace harmonic
