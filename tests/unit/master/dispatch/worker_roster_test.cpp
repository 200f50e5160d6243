#include "master/dispatch/worker_roster.hpp"

#include <catch2/catch.hpp>

namespace harmonic {
namespace {

using State = WorkerEntry::State;
const std::vector kBoth = {Rank{1}, Rank{2}};

TEST_CASE("A worker is silent once its lease is over, and not before", "[master][roster]") {
  WorkerRoster roster(kBoth, 100);
  roster.heard(Rank{1}, 105);
  CHECK(roster.silent(10, 110).empty());
  CHECK(roster.silent(10, 112) == std::vector{Rank{2}});
  roster.at(Rank{2}).state = State::lost;
  CHECK(roster.silent(10, 112).empty());
  CHECK(roster.here() == 1);
}

TEST_CASE("A lost worker that is heard again is back, and owes the answer it owed", "[master][roster]") {
  WorkerRoster roster(kBoth, 0);
  roster.greet(Rank{1}, "node");
  roster.greet(Rank{2}, "node");
  roster.give(Rank{1}, TaskId{5}, 1);
  for (const Rank rank : kBoth) roster.at(rank).state = State::lost;
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
  roster.at(Rank{1}).state = State::overdue;
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

}  // namespace
}  // namespace harmonic
