#include "core/storage/atomic_file.hpp"

#include <chrono>
#include <fstream>
#include <set>

#include <sys/wait.h>
#include <unistd.h>

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

TEST_CASE("A file that is kept stays as it was when another takes its place", "[storage]") {
  const testing::TemporaryFolder folder;
  keep_as(folder / "f.txt", folder / "f.old");
  CHECK_FALSE(std::filesystem::exists(folder / "f.old"));
  for (const auto* text : {"first", "second", "third"}) {
    keep_as(folder / "f.txt", folder / "f.old");
    replace_file(folder / "f.txt", text);
  }
  CHECK(read_file(folder / "f.old") == "second");
  CHECK(read_file(folder / "f.txt") == "third");
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

TEST_CASE("A full disk is told of by the file's own name, with what to do", "[storage]") {
  const testing::TemporaryFolder folder;
  const auto path = folder / "f.h5";
  const auto failure_of = [&](const std::function<void(const std::filesystem::path&)>& write) -> std::string {
    try {
      replace_file(path, write);
    } catch (const RunError& e) {
      return e.what();
    }
    return "";
  };
  const auto full = failure_of([](const std::filesystem::path& temporary) {
    throw RunError(temporary.string() + ", /train: cannot be written (No space left on device)");
  });
  CHECK(full == path.string() +
                    ", /train: cannot be written (No space left on device): its disk is full: make room there, or give "
                    "a path on another");
  const auto broken = failure_of(
      [](const std::filesystem::path& temporary) { throw RunError(temporary.string() + ": Input/output error"); });
  CHECK(broken == path.string() + ": Input/output error");
  const auto denied = failure_of([](const std::filesystem::path& temporary) {
    throw std::filesystem::filesystem_error("rename", temporary, std::make_error_code(std::errc::no_space_on_device));
  });
  CHECK(denied.starts_with("cannot write " + path.string() + ": No space left on device: its disk is full"));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("No two writers share a temporary name", "[storage]") {
  std::set<std::filesystem::path> names;
  for (int i = 0; i < 100; ++i) names.insert(temporary_beside("f.txt"));
  CHECK(names.size() == 100);
}

TEST_CASE("What a dead writer left is cleaned up, what a living one fills is not", "[storage]") {
  const testing::TemporaryFolder folder;
  const auto path = folder / "f.txt";
  const pid_t child = fork();
  if (child == 0) {
    std::ofstream(temporary_beside(path)) << "half";
    std::filesystem::create_directory(temporary_beside(path));
    _exit(0);
  }
  REQUIRE(waitpid(child, nullptr, 0) == child);
  const auto of_another_machine = [&](const char* name, std::chrono::hours age) {
    std::ofstream(folder / name) << "half";
    std::filesystem::last_write_time(folder / name, std::filesystem::file_time_type::clock::now() - age);
  };
  of_another_machine("f.txt.tmp-0123456789abcdef-1-00000000", std::chrono::hours(2));
  of_another_machine("f.txt.tmp-0123456789abcdef-1-00000001", std::chrono::hours(0));
  std::ofstream(folder / "f.txt.tmp12") << "the user's own";
  const auto living = temporary_beside(path);
  std::ofstream(living) << "half";
  replace_file(path, "whole");
  std::set<std::filesystem::path> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) left.insert(entry.path());
  CHECK(left == std::set<std::filesystem::path>{path, living, folder / "f.txt.tmp-0123456789abcdef-1-00000001",
                                                folder / "f.txt.tmp12"});
}

TEST_CASE("A folder is placed as a whole, and the first one stays", "[storage]") {
  const testing::TemporaryFolder folder;
  const auto path = folder / "a" / "b";
  const auto writes = [](const char* text) {
    return [text](const std::filesystem::path& temporary) { std::ofstream(temporary / "f.txt") << text; };
  };
  CHECK(place_folder(path, writes("first")));
  CHECK_FALSE(place_folder(path, writes("late")));
  CHECK(read_file(path / "f.txt") == "first");
  const auto fail = [](const std::filesystem::path& temporary) {
    std::ofstream(temporary / "f.txt") << "half";
    throw RunError("stopped half way");
  };
  CHECK_THROWS_WITH(place_folder(folder / "a" / "c", fail), "stopped half way");
  CHECK(std::distance(std::filesystem::directory_iterator(folder / "a"), {}) == 1);
  std::ofstream(folder / "file") << "in the way";
  CHECK_THROWS_AS(place_folder(folder / "file", writes("no")), RunError);
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
