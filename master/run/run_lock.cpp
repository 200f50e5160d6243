#include "master/run/run_lock.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"

namespace harmonic {
namespace {

constexpr const char* kLockFile = "lock";
constexpr int kAttempts = 10;  // at a file that a run which withdraws takes away at the same moment

bool is_still_there(int file, const std::filesystem::path& path) {
  struct stat mine {
  }, there{};
  return fstat(file, &mine) == 0 && stat(path.c_str(), &there) == 0 && mine.st_ino == there.st_ino;
}

}  // namespace

int RunLock::lock_file(int file) {
  while (flock(file, LOCK_EX | LOCK_NB) != 0)
    if (errno != EINTR) return errno;
  return 0;
}

bool RunLock::is_held(const std::filesystem::path& folder) {
  const int file = open((folder / kLockFile).c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool held = flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(file);
  return held;
}

RunLock::RunLock(const std::filesystem::path& folder, const Locker& lock) : path_(folder / kLockFile) {
  for (int attempt = 0; attempt < kAttempts; ++attempt)
    if (take(lock)) return;
  throw InputError(fmt::format("another run uses {}", folder.string()),
                   "wait for its end, or give another directory to --run");
}

RunLock::~RunLock() {
  if (file_ >= 0) close(file_);
}

/// False when the file was taken away meanwhile.
bool RunLock::take(const Locker& lock) {
  file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  made_file_ = file_ >= 0;
  if (!made_file_ && errno == EEXIST) file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0)
    throw InputError(fmt::format("cannot write to {}: {}", path_.parent_path().string(), std::strerror(errno)),
                     "check its rights");
  const int error = lock(file_);
  if (error == 0 && is_still_there(file_, path_)) return true;
  if (error == ENOLCK || error == EOPNOTSUPP || error == ENOSYS) {
    log::warning("{} cannot be locked ({}): nothing keeps a second run out of it", path_.parent_path().string(),
                 std::strerror(error));
    return true;
  }
  close(file_);
  file_ = -1;
  if (error == 0) return false;
  if (error == EWOULDBLOCK)
    throw InputError(fmt::format("another run uses {}", path_.parent_path().string()),
                     "wait for its end, or give another directory to --run");
  if (made_file_) unlink(path_.c_str());
  throw InputError(fmt::format("cannot lock {}: {}", path_.string(), std::strerror(error)),
                   "check its file system, or give a directory on another to --run");
}

}  // namespace harmonic
