#include "core/storage/atomic_file.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {

TEST_CASE("A replaced file holds the new text", "[storage]") {
  const testing::TemporaryFolder folder;
  replace_file(folder / "f.txt", "first");
  replace_file(folder / "f.txt", "second");
  CHECK(read_file(folder / "f.txt") == "second");
}

TEST_CASE("A writer that fails leaves the old file and nothing beside it", "[storage]") {
  const testing::TemporaryFolder folder;
  replace_file(folder / "f.txt", "kept");
  const auto fail = [](const std::filesystem::path& temporary) {
    std::ofstream(temporary) << "half";
    throw RunError("stopped half way");
  };
  CHECK_THROWS_WITH(replace_file(folder / "f.txt", fail), "stopped half way");
  CHECK(read_file(folder / "f.txt") == "kept");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("A file in a missing folder is refused", "[storage]") {
  const testing::TemporaryFolder folder;
  CHECK_THROWS_AS(replace_file(folder / "no" / "f.txt", "text"), RunError);
  CHECK_THROWS_AS(read_file(folder / "absent.txt"), InputError);
}

TEST_CASE("A folder in place of a file is called one", "[storage]") {
  const testing::TemporaryFolder folder;
  CHECK_THROWS_WITH(read_file(folder.path()), Catch::Contains("it is a folder"));
  CHECK_THROWS_WITH(read_file(folder / "absent"), Catch::Contains("check the path"));
}

}  // namespace harmonic
