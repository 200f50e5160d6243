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

TEST_CASE("The folder of an output is made, or it is said why it cannot be", "[storage]") {
  const TemporaryFolder folder;
  const OutputFolder made(folder / "a" / "b" / "out.h5", "out");
  CHECK_NOTHROW(check_output(folder / "a" / "b" / "out.h5", "out"));
  CHECK_NOTHROW(OutputFolder("out.h5", "out"));
  CHECK_NOTHROW(OutputFolder("", "features-out"));
  replace_file(folder / "file", "");
  CHECK_THROWS_WITH(OutputFolder(folder / "file" / "out.h5", "out"), Contains("option --out: cannot make"));
}

TEST_CASE("A folder that was made for an output stays when something lies in it, and goes otherwise", "[storage]") {
  const TemporaryFolder folder;
  { const OutputFolder refused(folder / "a" / "b" / "out.h5", "out"); }
  CHECK(std::filesystem::is_empty(folder.path()));
  {
    const OutputFolder written(folder / "a" / "b" / "out.h5", "out");
    replace_file(folder / "a" / "b" / "out.h5", "");
  }
  CHECK(std::filesystem::exists(folder / "a" / "b" / "out.h5"));
  std::filesystem::remove(folder / "a" / "b" / "out.h5");
  { const OutputFolder not_made(folder / "a" / "b" / "out.h5", "out"); }
  CHECK(std::filesystem::exists(folder / "a" / "b"));
}

TEST_CASE("A folder that was made for an output goes again when the output is refused", "[storage]") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(OutputFolder(folder / "a" / "b" / std::string(255, 'n'), "out", {}), InputError);
  CHECK(std::filesystem::is_empty(folder.path()));
  CHECK_NOTHROW(OutputFolder(folder / "a" / "b" / "out.h5", "out", {}));
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

TEST_CASE("An output that is an input is refused under any name, with the option that reads it", "[storage]") {
  const TemporaryFolder folder;
  std::ofstream(folder / "data.h5") << "kept";
  std::filesystem::create_symlink(folder / "data.h5", folder / "link.h5");
  std::filesystem::create_hard_link(folder / "data.h5", folder / "hard.h5");
  const std::vector<OptionFile> inputs = {{"genomes", ""}, {"data", folder / "data.h5"}};
  for (const auto& name : {std::string("data.h5"), std::string("link.h5"), std::string("hard.h5"),
                           "../" + folder.path().filename().string() + "/data.h5"})
    CHECK_THROWS_WITH(check_output(folder / name, "out", inputs), Contains("--out") && Contains("--data"));
  CHECK_THROWS_WITH(check_output(folder / "data.h5", "sheet", {{"", folder / "data.h5"}}),
                    Contains("it is the file that is read"));
  std::ofstream(folder / "other.h5") << "kept";
  CHECK_NOTHROW(check_output(folder / "other.h5", "out", inputs));
  CHECK_NOTHROW(check_output(folder / "new.h5", "out", inputs));
  CHECK_NOTHROW(check_output(folder / "new.h5", "out", {{"data", folder / "absent.h5"}}));
}

TEST_CASE("An output that must be new is refused when it is there, with what to do", "[storage]") {
  const TemporaryFolder folder;
  CHECK_NOTHROW(check_absent(folder / "new.h5", "out", "remove it"));
  std::ofstream(folder / "old.h5") << "kept";
  CHECK_THROWS_WITH(check_absent(folder / "old.h5", "out", "remove it"),
                    Contains("--out") && Contains("exists already; remove it"));
}

TEST_CASE("An output replaces a file of its own kind alone", "[storage]") {
  const TemporaryFolder folder;
  const auto is_mine = [](const std::filesystem::path& path) {
    if (read_file(path) == "odd") throw InputError("unreadable", "");
    return read_file(path) == "mine";
  };
  CHECK_NOTHROW(check_own_kind(folder / "new", "out", "a table", is_mine));
  for (const std::string content : {"mine", ""}) {
    std::ofstream(folder / "file") << content;
    CHECK_NOTHROW(check_own_kind(folder / "file", "out", "a table", is_mine));
  }
  for (const std::string content : {"other", "odd"}) {
    std::ofstream(folder / "file") << content;
    CHECK_THROWS_WITH(check_own_kind(folder / "file", "out", "a table", is_mine),
                      Contains("--out") && Contains("file is there already, and is not a table"));
  }
}

TEST_CASE("A name that is taken is numbered until it is not", "[storage]") {
  const TemporaryFolder folder;
  CHECK(unused_path(folder / "more.json") == folder / "more.json");
  std::ofstream(folder / "more.json") << "a";
  CHECK(unused_path(folder / "more.json") == folder / "more-2.json");
  std::ofstream(folder / "more-2.json") << "b";
  CHECK(unused_path(folder / "more.json") == folder / "more-3.json");
}
