#include "core/storage/output_file.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using Catch::Matchers::Contains;
using harmonic::testing::TemporaryFolder;

TEST_CASE("An output that can be written is left as it is, and nothing beside it", "[storage]") {
  const TemporaryFolder folder;
  CHECK_NOTHROW(check_output(folder / "new.h5", "out"));
  CHECK(std::filesystem::is_empty(folder.path()));
  std::ofstream(folder / "old.h5") << "kept";
  CHECK_NOTHROW(check_output(folder / "old.h5", "out"));
  CHECK(read_file(folder / "old.h5") == "kept");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("An output that could not be written is refused, with the option that named it", "[storage]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(check_output(folder.path(), "features-out"), Contains("--features-out") && Contains("folder"));
  CHECK_THROWS_WITH(check_output(folder / "absent/d.h5", "out"), Contains("no folder"));
  CHECK_THROWS_WITH(check_output("", "out"), Contains("empty"));
  CHECK_THROWS_WITH(check_output("/dev/null", "out"), Contains("no regular file"));
  CHECK_THROWS_AS(check_output("/proc/x", "out"), InputError);  // its folder is there, but takes no files
  CHECK_THROWS_AS(check_output(folder / std::string(255, 'n'), "out"), InputError);
}
