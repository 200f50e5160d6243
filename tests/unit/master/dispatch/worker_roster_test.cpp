#include "master/dispatch/worker_roster.hpp"

#include <catch2/catch.hpp>

#include "master/dispatch/placement_table.hpp"

namespace harmonic {
namespace {

using State = WorkerEntry::State;
const std::vector kBoth = {Rank{1}, Rank{2}};

TEST_CASE("A worker is silent once its lease is over, and not before", "[master][roster]") {
  WorkerRoster roster(kBoth, 100);
  roster.heard(Rank{1}, 105);
  CHECK(roster.silent(10, 110).empty());
  CHECK(roster.silent(10, 112) == std::vector{Rank{2}});
  roster.set_state(Rank{2}, State::lost);
  CHECK(roster.silent(10, 112).empty());
  CHECK(roster.here() == 1);
}

TEST_CASE("A lost worker that is heard again is back, and owes the answer it owed", "[master][roster]") {
  WorkerRoster roster(kBoth, 0);
  roster.greet(Rank{1}, "node");
  roster.greet(Rank{2}, "node");
  roster.give(Rank{1}, TaskId{5}, 1);
  for (const Rank rank : kBoth) roster.set_state(rank, State::lost);
  CHECK(roster.heard(Rank{1}, 50));
  CHECK(roster.heard(Rank{2}, 50));
  CHECK_FALSE(roster.heard(Rank{2}, 51));
  CHECK(roster.find(Rank{1})->state == State::overdue);
  CHECK(roster.find(Rank{2})->state == State::idle);
  roster.answered(Rank{1});
  CHECK(roster.count(State::idle) == 2);
}

TEST_CASE("A task is in hands while a worker within its deadline has it", "[master][roster]") {
  WorkerRoster roster(kBoth, 0);
  roster.give(Rank{1}, TaskId{5}, 10);
  CHECK(roster.in_hands(TaskId{5}));
  CHECK(roster.at(Rank{1}).deadlines(100, 110) == 1);
  roster.set_state(Rank{1}, State::overdue);
  CHECK_FALSE(roster.in_hands(TaskId{5}));
  roster.give(Rank{2}, TaskId{6}, 10, /*parts=*/3);  // a group has as many times the deadline
  CHECK(roster.at(Rank{2}).deadlines(100, 310) == 1);
}

TEST_CASE("Time in which the master itself was away is nobody's silence", "[master][roster]") {
  WorkerRoster roster(kBoth, 0);
  roster.give(Rank{1}, TaskId{5}, 0);
  roster.forgive(1000);
  CHECK(roster.silent(10, 1005).empty());
  CHECK(roster.at(Rank{1}).deadlines(10, 1005) < 1);
}

TEST_CASE("The workers are placed once all that are here have said on what they compute", "[master][roster]") {
  WorkerRoster roster(kBoth, 0);
  roster.greet(Rank{1}, "node", "CPU, 1 thread");
  roster.greet(Rank{2}, "node");
  CHECK_FALSE(roster.is_placed());
  roster.set_state(Rank{2}, State::lost);
  CHECK(roster.is_placed());
  roster.set_state(Rank{2}, State::idle);
  roster.greet(Rank{2}, "node", "CPU, 1 thread");
  CHECK(roster.is_placed());
  for (const Rank rank : kBoth) roster.set_state(rank, State::lost);
  CHECK_FALSE(roster.is_placed());
}

TEST_CASE("Workers that are here and read one meter on one machine share what it counts", "[master][roster]") {
  WorkerRoster roster({Rank{1}, Rank{2}, Rank{3}, Rank{4}, Rank{5}}, 0);
  roster.greet(Rank{1}, "node-a", "CPU, 1 thread", "RAPL, package-0");
  roster.greet(Rank{2}, "node-a", "CPU, 1 thread", "RAPL, package-0");
  roster.greet(Rank{3}, "node-b", "CPU, 1 thread", "RAPL, package-0");
  roster.greet(Rank{4}, "node-a", "NVIDIA H200, GPU-1a2b3c4d", "NVML's energy counter of GPU-1a2b3c4d");
  roster.greet(Rank{5}, "node-a", "CPU, 1 thread");
  CHECK(sharing_meter(roster.workers(), Rank{1}) == 2);
  for (const int alone : {3, 4, 5}) CHECK(sharing_meter(roster.workers(), Rank{alone}) == 1);
  roster.at(Rank{2}).state = State::lost;
  CHECK(sharing_meter(roster.workers(), Rank{1}) == 1);
  CHECK(sharing_meter(roster.workers(), Rank{2}) == 2);  // its last answer
}

TEST_CASE("A row of the placement is what a host's workers share: its CPU, or one GPU", "[master][roster]") {
  std::vector<Rank> ranks;
  for (int rank = 1; rank <= 8; ++rank) ranks.push_back(Rank{rank});
  WorkerRoster roster(ranks, 0);
  for (const int rank : {1, 2, 3, 7}) roster.greet(Rank{rank}, "node-a", "CPU, 2 threads");
  for (const int rank : {4, 6}) roster.greet(Rank{rank}, "node-b", "NVIDIA H200, GPU-1a2b3c4d");
  roster.greet(Rank{5}, "node-b", "NVIDIA H200, GPU-5e6f7081");
  roster.greet(Rank{8}, "node-b");  // not ready
  CHECK(placement_table(roster.workers()) ==
        "workers  host    ranks   device\n"
        "      4  node-a  1-3, 7  CPU, 2 threads\n"
        "      2  node-b  4, 6    NVIDIA H200, GPU-1a2b3c4d\n"
        "      1  node-b  5       NVIDIA H200, GPU-5e6f7081");
}

}  // namespace
}  // namespace harmonic
