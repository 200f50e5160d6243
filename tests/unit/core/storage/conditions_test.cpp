#include "core/storage/conditions.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using harmonic::testing::TemporaryFolder;

TEST_CASE("Conditions read back as they were written", "[storage]") {
  const TemporaryFolder folder;
  const Conditions conditions = {{"split", "val"}, {"a \"name\"", "b\nc"}};
  write_conditions(folder / "c", conditions);
  CHECK(differences(read_conditions(folder / "c").value(), conditions).empty());
  for (const std::string other : {"", "{\"a\": \"b", "[\"a\"]", "{\"a\": 1}", "3"}) {
    replace_file(folder / "c", other);
    CHECK_FALSE(read_conditions(folder / "c").has_value());
  }
  CHECK_THROWS_AS(read_conditions(folder / "absent"), InputError);
}

TEST_CASE("What differs is named, with both values where they can be read", "[storage]") {
  const Conditions there = {{"lr", "0.004"}, {"stages", std::string(100, 'x')}, {"gone", "1"}, {"same", "s"}};
  const Conditions given = {{"lr", "0.002"}, {"stages", "y"}, {"new", "2"}, {"same", "s"}};
  CHECK(differences(there, given) == std::vector<std::string>{"lr (0.004 there, 0.002 given)", "stages",
                                                              "new (nothing there, 2 given)",
                                                              "gone (1 there, nothing given)"});
}
