#include "master/run/run_lock.hpp"

#include <cerrno>
#include <cstring>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/run/run_rollback.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using namespace testing;
namespace fs = std::filesystem;

TEST_CASE("A folder that another run uses is refused, and free again at its end", "[master][lock]") {
  const TemporaryFolder folder;
  {
    const RunLock first(folder.path());
    CHECK(first.made_file());
    CHECK_THROWS_WITH(RunLock(folder.path()), Catch::Contains("another run uses"));
  }
  const RunLock second(folder.path());
  CHECK_FALSE(second.made_file());
}

TEST_CASE("Only a lock that is held means another run; what else goes wrong is named", "[master][lock]") {
  const TemporaryFolder folder;
  const auto failing = [](int error) { return [error](int) { return error; }; };
  CHECK_THROWS_WITH(RunLock(folder.path(), failing(EWOULDBLOCK)), Catch::Contains("another run uses"));
  for (const int error : {EIO, EBADF})
    CHECK_THROWS_WITH(RunLock(folder.path(), failing(error)),
                      Catch::Contains(std::strerror(error)) && !Catch::Contains("another run"));
  CHECK_THROWS_WITH(RunLock(folder / "absent"), Catch::Contains("cannot write to") && !Catch::Contains("another run"));
}

TEST_CASE("On a file system without locks a run goes on without", "[master][lock]") {
  for (const int error : {ENOLCK, EOPNOTSUPP, ENOSYS}) {
    const TemporaryFolder folder;
    const RunLock lock(folder.path(), [error](int) { return error; });
    CHECK(fs::exists(lock.path()));
  }
}

TEST_CASE("What a run did to its folder is undone: files changed, appended to, made, and folders",
          "[master][rollback]") {
  const TemporaryFolder folder;
  const auto run = folder / "a/b";
  SECTION("that was not there") {
    RunRollback rollback(run);
    CHECK(fs::is_directory(run));
    rollback.keep(run / "front.csv");
    rollback.keep_length(run / "log.txt");
    for (const char* name : {"front.csv", "log.txt"}) replace_file(run / name, "new");
    rollback.undo();
    CHECK(fs::is_empty(folder.path()));
  }
  SECTION("that holds what is not the run's") {
    RunRollback rollback(run);
    replace_file(run / "thesis.tex", "precious");
    rollback.undo();
    CHECK(read_file(run / "thesis.tex") == "precious");
  }
  SECTION("that was there") {
    fs::create_directories(run);
    for (const char* name : {"front.csv", "log.txt"}) replace_file(run / name, "old");
    RunRollback rollback(run);
    rollback.keep(run / "front.csv");
    rollback.keep(run / "config.cfg");
    rollback.keep_length(run / "log.txt");
    replace_file(run / "front.csv", "new");
    replace_file(run / "config.cfg", "new");
    replace_file(run / "log.txt", "old and new");
    rollback.undo();
    for (const char* name : {"front.csv", "log.txt"}) CHECK(read_file(run / name) == "old");
    CHECK_FALSE(fs::exists(run / "config.cfg"));
  }
}

}  // namespace
}  // namespace harmonic
