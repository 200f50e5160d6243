#include "core/mpi/communicator.hpp"

#include <catch2/catch.hpp>
#include <mpi.h>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

constexpr int kTag = 1, kOtherTag = 2;

Bytes filled(std::size_t size, int value) {
  return Bytes(size, static_cast<std::byte>(value));
}

Message wait_for(Communicator& world, int tag) {
  for (;;)
    if (auto message = world.try_receive(tag)) return std::move(*message);
}

/// Barriers keep a case's messages out of the next one.
struct Case {
  Case() { MPI_Barrier(MPI_COMM_WORLD); }
  ~Case() { MPI_Barrier(MPI_COMM_WORLD); }
};

TEST_CASE("Every rank hears every rank, itself included", "[mpi]") {
  const Case separate;
  Communicator world;
  for (int r = 0; r < world.size(); ++r) world.post(Rank{r}, kTag, filled(5, world.rank().value));
  std::vector<bool> heard(static_cast<std::size_t>(world.size()));
  for (int r = 0; r < world.size(); ++r) {
    const auto message = wait_for(world, kTag);
    CHECK(message.bytes == filled(5, message.source.value));
    heard[static_cast<std::size_t>(message.source.value)] = true;
  }
  CHECK(std::ranges::all_of(heard, [](bool h) { return h; }));
  CHECK_FALSE(world.try_receive(kTag).has_value());
}

TEST_CASE("Messages of one tag keep their order, and tags do not mix", "[mpi]") {
  const Case separate;
  Communicator world;
  const Rank next{(world.rank().value + 1) % world.size()};
  world.post(next, kOtherTag, filled(1, 99));
  for (int i = 0; i < 50; ++i) world.post(next, kTag, filled(3, i));
  for (int i = 0; i < 50; ++i) CHECK(wait_for(world, kTag).bytes == filled(3, i));
  CHECK(wait_for(world, kOtherTag).bytes == filled(1, 99));
}

TEST_CASE("Empty and large messages arrive whole", "[mpi]") {
  const Case separate;
  Communicator world;
  const Rank next{(world.rank().value + 1) % world.size()};
  world.post(next, kTag, {});
  world.post(next, kTag, filled(1'000'000, 7));
  CHECK(wait_for(world, kTag).bytes.empty());
  CHECK(wait_for(world, kTag).bytes == filled(1'000'000, 7));
  while (!world.all_sent(next)) CHECK_FALSE(world.try_receive(kTag).has_value());
}

TEST_CASE("A message longer than any real one arrives empty, and what follows it whole", "[mpi]") {
  const Case separate;
  Communicator world;
  const Rank last{world.size() - 1};
  if (world.rank() == Rank{0}) {
    world.post(last, kTag, Bytes(kLongestMessage + 1));
    world.post(last, kTag, filled(3, 5));
  }
  if (world.rank() == last) {
    CHECK(wait_for(world, kTag).bytes.empty());
    CHECK(wait_for(world, kTag).bytes == filled(3, 5));
  }
}

TEST_CASE("A rank outside the world is refused", "[mpi]") {
  const Case separate;
  Communicator world;
  CHECK_THROWS_AS(world.post(Rank{world.size()}, kTag, filled(1, 1)), RunError);
}

}  // namespace
}  // namespace harmonic
