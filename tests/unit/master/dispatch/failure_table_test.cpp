#include "master/dispatch/failure_table.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "core/space/search_space.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using namespace testing;

Task search_of(std::uint64_t model) {
  const auto& space = find_space("avmnist-image");
  return {TaskId{9}, SearchFusion{{{CandidateId{model}, {{smallest_genome(space), largest_genome(space)}, {2, 1}}}}}};
}

FailureRow diverged(const Task& task) {
  return {&task, Rank{3}, "node7", "candidate", "the loss is not finite, \"nan\"\nframe #0: libtorch"};
}

const Task kSeven = search_of(7), kEight = search_of(8);

TEST_CASE("Every failure has a row with its work, genome, rank, host, kind and reason", "[master][failures]") {
  const TemporaryFolder folder;
  const auto path = folder / "failures.csv";
  {
    FailureTable table(path);
    CHECK_FALSE(std::filesystem::exists(path));
    table.append(diverged(kSeven));
    table.append(diverged(kEight));
  }
  const auto table = CsvTable::read(path);
  CHECK(table.header() == std::vector<std::string>{"time", "task", "work", "genome", "rank", "host", "kind", "reason"});
  REQUIRE(table.rows() == 2);
  const auto cell = [&](const char* column) { return table.cell(1, table.column(column)); };
  CHECK_THAT(cell("time"), Catch::Matches("20..-..-..T..:..:..Z"));
  CHECK(cell("task") == "9");
  CHECK(cell("work") == "fusion search of model 8");
  const auto& space = find_space("avmnist-image");
  CHECK_THAT(cell("genome"), Catch::Contains(to_text(smallest_genome(space))) &&
                                 Catch::Contains(to_text(largest_genome(space))) && Catch::Contains("2 cells"));
  CHECK(cell("rank") == "3");
  CHECK(cell("host") == "node7");
  CHECK(cell("kind") == "candidate");
  CHECK(cell("reason") == "the loss is not finite, \"nan\"");
}

TEST_CASE("A worker's row names no work", "[master][failures]") {
  const TemporaryFolder folder;
  FailureTable(folder / "failures.csv").append({nullptr, Rank{2}, "node7", "lost", "has been silent for 30 s"});
  const auto table = CsvTable::read(folder / "failures.csv");
  REQUIRE(table.rows() == 1);
  for (const char* column : {"task", "work", "genome"}) CHECK(table.cell(0, table.column(column)).empty());
  CHECK(table.cell(0, table.column("rank")) == "2");
  CHECK(table.cell(0, table.column("kind")) == "lost");
}

TEST_CASE("A run that goes on appends to the failures before, without what was cut off", "[master][failures]") {
  const TemporaryFolder folder;
  const auto path = folder / "failures.csv";
  FailureTable(path).append(diverged(kSeven));
  const auto whole = read_file(path);
  std::ofstream(path, std::ios::app) << whole.substr(whole.find('\n') + 1, 30);
  FailureTable resumed(path);
  resumed.append(diverged(kEight));
  CHECK(CsvTable::read(path).rows() == 2);
  CHECK(read_file(path).starts_with(whole));
}

TEST_CASE("A table that cannot be written does not end the run", "[master][failures]") {
  const TemporaryFolder folder;
  FailureTable table(folder / "absent/failures.csv");
  CHECK_NOTHROW(table.append(diverged(kSeven)));
}

}  // namespace
}  // namespace harmonic
