#include <cerrno>
#include <cstdlib>

#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <hdf5.h>

#include "core/base/error.hpp"
#include "core/storage/hdf5_file.hpp"
#include "tests/support/shared_data.hpp"

namespace {
int refusal = 0;  ///< errno of every lock that is asked for; 0: locks are had
}  // namespace

/// Stands before the C library's: what a file system without locks, or a file that is open elsewhere, answers.
extern "C" int flock(int file, int operation) {
  if (refusal == 0) return static_cast<int>(syscall(SYS_flock, file, operation));
  errno = refusal;
  return -1;
}

namespace harmonic {
namespace {

using Catch::Matchers::Contains;

/// HDF5_USE_FILE_LOCKING as the user has it; the library looks once, when it starts.
void with_locks(const char* value) {
  H5close();
  value == nullptr ? unsetenv("HDF5_USE_FILE_LOCKING") : setenv("HDF5_USE_FILE_LOCKING", value, 1);
}

void write(const std::filesystem::path& path) {
  Hdf5File file(path, Hdf5File::Mode::create);
  file.write<float>("/x", std::vector<float>{1, 2}, {2});
}

bool is_blamed_on_content(const std::filesystem::path& path) {
  try {
    (void)Hdf5File(path, Hdf5File::Mode::read);
  } catch (const ContentError&) {
    return true;
  } catch (const InputError&) {
  }
  return false;
}

}  // namespace

TEST_CASE("Where the file system has no locks, or another holds one, files are written and read", "[storage]") {
  const testing::TemporaryFolder folder;
  with_locks(nullptr);
  for (const int error : {ENOLCK, EOPNOTSUPP, EIO, EAGAIN}) {
    refusal = error;
    CHECK_NOTHROW(write(folder / "f.h5"));
    CHECK(Hdf5File(folder / "f.h5", Hdf5File::Mode::read).read<float>("/x") == std::vector<float>{1, 2});
  }
  refusal = 0;
}

TEST_CASE("A lock that the environment asks for and that is not had is named for what it is", "[storage]") {
  const testing::TemporaryFolder folder;
  with_locks(nullptr);
  write(folder / "f.h5");
  with_locks("TRUE");
  for (const auto& [error, words] : std::vector<std::pair<int, std::string>>{
           {ENOLCK, "No locks available"}, {EAGAIN, "temporarily unavailable"}, {EIO, "Input/output error"}}) {
    refusal = error;
    CHECK_THROWS_WITH(Hdf5File(folder / "f.h5", Hdf5File::Mode::read),
                      Contains("f.h5") && Contains("cannot be locked") && Contains(words) &&
                          Contains("HDF5_USE_FILE_LOCKING") && !Contains("damaged"));
    CHECK_THROWS_AS(Hdf5File(folder / "f.h5", Hdf5File::Mode::read), InputError);
    CHECK_FALSE(is_blamed_on_content(folder / "f.h5"));
    CHECK_THROWS_WITH(write(folder / "g.h5"), Contains("g.h5") && Contains(words) && Contains("HDF5_USE_FILE_LOCKING"));
    CHECK_THROWS_AS(write(folder / "g.h5"), RunError);
  }
  refusal = 0;
  with_locks(nullptr);
}

}  // namespace harmonic
