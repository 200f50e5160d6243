#include "master/dispatch/task_board.hpp"

#include <catch2/catch.hpp>

#include "tests/support/fakes.hpp"

namespace harmonic {
namespace {

using namespace testing;

TestModel test_of(std::uint64_t model) {
  return {CandidateId{model}, {}, {}};
}

SearchFusion search_of(const std::vector<std::uint64_t>& models) {
  SearchFusion work;
  for (const auto id : models) work.candidates.push_back({CandidateId{id}, {{}, {1, 1}}});
  return work;
}

Result failed(TaskId task, const std::string& why) {
  return {task, Rank{1}, 0, Failure{why}};
}

TEST_CASE("A board lists what is awaited until it is answered, and takes every answer once", "[master][board]") {
  TaskBoard board;
  CHECK(board.empty());
  board.add(test_of(7));
  board.add(test_of(5));
  const std::vector<Task> both = {{TaskId{1}, test_of(7)}, {TaskId{2}, test_of(5)}};
  CHECK(board.tasks() == both);
  CHECK((board.count_from(0) == 2 && board.count_from(2) == 1 && board.count_from(board.next_id()) == 0));
  const Result answer{TaskId{1}, Rank{1}, 0, TestScore{50}};
  CHECK(board.take(answer) == Work(test_of(7)));
  CHECK_FALSE(board.take(answer));
  CHECK_FALSE(board.take({TaskId{99}, Rank{1}, 0, TestScore{50}}));
  CHECK(board.tasks() == std::vector(both.begin() + 1, both.end()));
}

TEST_CASE("Fusion searches that fail together are awaited again one by one; what fails alone is taken",
          "[master][board]") {
  TaskBoard board;
  board.add(search_of({3, 4}));
  board.add(test_of(1));
  CHECK(board.last_failure().empty());
  CHECK_FALSE(board.take(failed(TaskId{1}, "no memory")));
  CHECK(board.last_failure() == "no memory");
  CHECK(board.tasks() ==
        std::vector<Task>{{TaskId{2}, test_of(1)}, {TaskId{3}, search_of({3})}, {TaskId{4}, search_of({4})}});
  CHECK(board.take(failed(TaskId{4}, "diverged")) == Work(search_of({4})));
  CHECK(board.last_failure() == "diverged");
  CHECK(board.take(failed(TaskId{2}, "no weights")) == Work(test_of(1)));
  CHECK(board.tasks().size() == 1);
}

TEST_CASE("Of sub-networks evaluated together one that cannot be scored costs the others nothing", "[master][board]") {
  BackboneGenome one, other;
  one.kernel = {3};
  other.kernel = {5};
  const EvaluateBackbones both{1, {one, other}, Split::test};
  TaskBoard board;
  board.add(both);
  CHECK_FALSE(board.take({TaskId{1}, Rank{1}, 0, Failure{"not finite", FailureKind::candidate}}));
  CHECK(board.tasks() == std::vector<Task>{{TaskId{2}, EvaluateBackbones{1, {one}, Split::test}},
                                           {TaskId{3}, EvaluateBackbones{1, {other}, Split::test}}});
  CHECK(board.take({TaskId{3}, Rank{1}, 0, Failure{"not finite", FailureKind::candidate}}));  // alone: taken
  board.add(both);
  CHECK(board.take({TaskId{4}, Rank{1}, 0, Failure{"no such file", FailureKind::worker}}) == Work(both));
}

TEST_CASE("No id is given twice, by the board that goes on neither", "[master][board]") {
  TaskBoard board;
  board.add(search_of({3, 4}));
  (void)board.take(failed(TaskId{1}, "no memory"));
  TaskBoard resumed(board.next_id());
  resumed.add(test_of(1));
  CHECK(resumed.tasks().front().id == TaskId{4});
}

}  // namespace
}  // namespace harmonic
