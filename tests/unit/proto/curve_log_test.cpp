#include "proto/curve_log.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "core/base/log.hpp"
#include "core/storage/atomic_file.hpp"
#include "proto/event_records.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

const Curves kCurves{"epoch", {"loss", "known"}, {}};

CurveLog log_in(const std::filesystem::path& folder) {
  return {folder, kCurves.axis, kCurves.names, {"known"}};
}

CurveRow row(std::int64_t step, double loss) {
  return {step, {loss, 7.0}, 100.0 + static_cast<double>(step)};
}

std::string events(const std::filesystem::path& folder, int number) {
  return read_file(folder / event_file_name(number));
}

}  // namespace

TEST_CASE("Curves grow row by row, for TensorBoard and in a table, which leaves out what another one has", "[curves]") {
  const testing::TemporaryFolder parent;
  const auto folder = parent / "curves";
  auto log = log_in(folder);
  CHECK(log.last_step() == 0);
  CHECK_FALSE(std::filesystem::exists(folder));
  log.add(row(1, 0.5));
  log.add(row(2, 0.25));
  CHECK(log.last_step() == 2);
  CHECK(read_file(folder / "curves.csv") == "epoch,loss\n1,0.5\n2,0.25\n");
  CHECK(events(folder, 1) == version_record(101) + start_record(1, 101) + values_record(kCurves, row(1, 0.5)) +
                                 values_record(kCurves, row(2, 0.25)));
  CHECK(std::distance(std::filesystem::directory_iterator(folder), {}) == 2);
}

TEST_CASE("A job that goes on begins an event file at its step, and the table loses what was told beyond", "[curves]") {
  const testing::TemporaryFolder folder;
  {
    auto killed = log_in(folder.path());
    for (int step = 1; step <= 3; ++step) killed.add(row(step, 1.0 / step));
  }
  const auto torn = events(folder.path(), 1).substr(0, events(folder.path(), 1).size() - 5);
  std::ofstream(folder / event_file_name(1), std::ios::binary) << torn;
  auto resumed = log_in(folder.path());
  CHECK(resumed.last_step() == 3);
  resumed.add(row(2, 8));
  CHECK(read_file(folder / "curves.csv") == "epoch,loss\n1,1\n2,8\n");
  CHECK(events(folder.path(), 1) == torn);
  CHECK(events(folder.path(), 2) == version_record(102) + start_record(2, 102) + values_record(kCurves, row(2, 8)));
}

TEST_CASE("A job that tells a step once more says so in its file", "[curves]") {
  const testing::TemporaryFolder folder;
  auto log = log_in(folder.path());
  log.add(row(1, 3));
  log.add(row(2, 2));
  log.add(row(1, 1));
  CHECK(read_file(folder / "curves.csv") == "epoch,loss\n1,1\n");
  CHECK(events(folder.path(), 1) == version_record(101) + start_record(1, 101) + values_record(kCurves, row(1, 3)) +
                                        values_record(kCurves, row(2, 2)) + start_record(1, 101) +
                                        values_record(kCurves, row(1, 1)));
}

TEST_CASE("A table that is none of these curves begins anew", "[curves]") {
  const testing::TemporaryFolder folder;
  log::set_level(log::Level::error);
  for (const char* other : {"epoch,metric\n1,2\n", "epoch,loss\n1,x\n", ""}) {
    std::ofstream(folder / "curves.csv") << other;
    auto log = log_in(folder.path());
    CHECK(log.last_step() == 0);
    log.add(row(5, 2));
    CHECK(read_file(folder / "curves.csv") == "epoch,loss\n5,2\n");
  }
  log::set_level(log::Level::info);
}

TEST_CASE("A folder that cannot be written costs the rows of that time, and the next file begins whole", "[curves]") {
  const testing::TemporaryFolder parent;
  log::set_level(log::Level::error);
  const auto folder = parent / "curves";
  std::ofstream(folder) << "no folder";
  auto log = log_in(folder);
  log.add(row(1, 2));
  CHECK(read_file(folder) == "no folder");
  std::filesystem::remove(folder);
  log.add(row(2, 1));
  CHECK(read_file(folder / "curves.csv") == "epoch,loss\n1,2\n2,1\n");
  CHECK(events(folder, 1) == version_record(102) + start_record(2, 102) + values_record(kCurves, row(2, 1)));
  log::set_level(log::Level::info);
}

}  // namespace harmonic
