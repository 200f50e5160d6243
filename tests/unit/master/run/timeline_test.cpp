#include "master/run/timeline.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using namespace testing;

TEST_CASE("What workers did is read back as it was, over the jobs of a run", "[master][timeline]") {
  const TemporaryFolder folder;
  const auto path = folder / "timeline.csv";
  CHECK(read_timeline(path).empty());
  const std::vector<TimelineRow> rows = {
      {1000, 1000, TimelineKind::job, Rank{0}, "", ""},
      {1000.5, 1002.25, TimelineKind::search, Rank{2}, "node7", "a, \"b\"", MeasuredEnergy{12.5, 0.25}},
      {1003, 1003, TimelineKind::lost, Rank{1}, "node8", "has been silent"}};
  TimelineFile first(path);
  first.add(rows[0]);
  CHECK_FALSE(std::filesystem::exists(path));  // a run that is refused leaves nothing
  first.add(rows[1]);
  first.write();
  std::ofstream(path, std::ios::app) << "1002,10";  // where the job was killed
  CHECK(read_timeline(path) == std::vector(rows.begin(), rows.begin() + 2));
  TimelineFile second(path);
  second.add(rows[2]);
  second.write();
  CHECK(read_timeline(path) == rows);
}

TEST_CASE("A timeline of before energy was measured is gone on with", "[master][timeline]") {
  const TemporaryFolder folder;
  const auto path = folder / "timeline.csv";
  std::ofstream(path) << "began_s,ended_s,kind,rank,host,about\n1000.000,1001.000,search,1,node7,a\n";
  std::vector<TimelineRow> rows = {{1000, 1001, TimelineKind::search, Rank{1}, "node7", "a"}};
  CHECK(read_timeline(path) == rows);
  rows.push_back({1001, 1002, TimelineKind::test, Rank{1}, "node7", "b", MeasuredEnergy{3, 0}});
  TimelineFile file(path);
  file.add(rows.back());
  file.write();
  CHECK(read_timeline(path) == rows);
}

TEST_CASE("The timeline is written at most once a second, and at the end", "[master][timeline]") {
  const TemporaryFolder folder;
  const auto path = folder / "timeline.csv";
  double now_s = 5;
  TimelineFile file(path, [&] { return now_s; });
  const auto did = [&](double when_s) { file.add({when_s, when_s + 1, TimelineKind::test, Rank{1}, "n", "test"}); };
  did(1);
  file.write();
  did(2);
  file.write();
  CHECK(read_timeline(path).size() == 1);
  now_s += 1;
  file.write();
  CHECK(read_timeline(path).size() == 2);
  did(3);
  file.write(/*now=*/true);
  CHECK(read_timeline(path).size() == 3);
}

TEST_CASE("A timeline that cannot be written costs no run, and one of something else is refused",
          "[master][timeline]") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "timeline.csv");
  TimelineFile file(folder / "timeline.csv");
  file.add({1, 2, TimelineKind::test, Rank{1}, "n", "test"});
  CHECK_NOTHROW(file.write());
  std::ofstream(folder / "other.csv") << "began_s,ended_s,kind,rank,host,about\n1,2,tast,1,n,test\n";
  CHECK_THROWS_WITH(read_timeline(folder / "other.csv"), Catch::Contains("did you mean test"));
}

}  // namespace
}  // namespace harmonic
