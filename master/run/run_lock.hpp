#pragma once

#include <filesystem>
#include <functional>

namespace harmonic {

/// Keeps a second run out of a run's folder: the file `lock` in it, locked while the object lives. On a file system
/// that has no locks the run goes on without, after a warning.
class RunLock {
 public:
  /// Locks an open file at once or not at all. @return 0, or why not (errno)
  using Locker = std::function<int(int file)>;
  [[nodiscard]] static int lock_file(int file);  ///< flock

  /// Whether a run uses the folder now. False where that cannot be known.
  [[nodiscard]] static bool is_held(const std::filesystem::path& folder);

  /// @throws InputError: another run uses the folder; it cannot be written to, or cannot be locked
  explicit RunLock(const std::filesystem::path& folder, const Locker& lock = lock_file);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] bool made_file() const { return made_file_; }  ///< it was not there

 private:
  bool take(const Locker& lock);

  std::filesystem::path path_;
  int file_ = -1;
  bool made_file_ = false;
};

}  // namespace harmonic
