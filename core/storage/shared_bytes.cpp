#include "core/storage/shared_bytes.hpp"

#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace harmonic {
namespace {

/// Behind the bytes, once they are all there.
constexpr std::uint64_t kWhole = 0x656c6f6857204148U;

/// A descriptor with one owner.
class Descriptor {
 public:
  explicit Descriptor(int id) : id_(id) {}
  Descriptor(Descriptor&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (id_ >= 0) close(id_);
  }
  [[nodiscard]] int get() const { return id_; }
  [[nodiscard]] int release() { return std::exchange(id_, -1); }

 private:
  int id_;
};

/// @return whether the lock is there, which it is not where another has it and nobody is to wait, or there are no locks
bool lock(int file, int kind) {
  int result = 0;
  do result = flock(file, kind);
  while (result != 0 && errno == EINTR);
  return result == 0;
}

/// The file of this process's own user, under its name still.
bool is_there(int file) {
  struct stat found {};
  return fstat(file, &found) == 0 && found.st_uid == geteuid() && found.st_nlink == 1;
}

bool is_whole(int file, std::size_t size) {
  std::uint64_t mark = 0;
  return pread(file, &mark, sizeof mark, static_cast<off_t>(size)) == sizeof mark && mark == kWhole;
}

std::string own_files() {
  return fmt::format("harmonic-{}-", geteuid());
}

/// Made whole, under a lock that others share. Nothing where that cannot be.
std::optional<Descriptor> whole_file(const std::filesystem::path& path, std::size_t size,
                                     const SharedBytes::Fill& fill) {
  while (true) {
    Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
    if (file.get() < 0 || !lock(file.get(), LOCK_SH)) return std::nullopt;
    if (!is_there(file.get())) {
      struct stat found {};
      if (fstat(file.get(), &found) != 0 || found.st_nlink > 0) return std::nullopt;  // somebody else's
      continue;                                                                       // its last user has removed it
    }
    if (is_whole(file.get(), size)) return file;
    // Not to wait for: who is sooner, fills it and then shares it for as long as he lives. Whoever is refused has lost
    // his share with that, and begins anew.
    if (!lock(file.get(), LOCK_EX | LOCK_NB)) {
      if (errno != EWOULDBLOCK) return std::nullopt;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    if (!is_there(file.get())) continue;
    if (!is_whole(file.get(), size)) {
      const auto bytes = static_cast<off_t>(size + sizeof kWhole);
      // All of it now: a page that finds no room later would end the process.
      void* start = ftruncate(file.get(), 0) == 0 && posix_fallocate(file.get(), 0, bytes) == 0
                        ? mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0)
                        : MAP_FAILED;
      if (start == MAP_FAILED) {
        unlink(path.c_str());
        return std::nullopt;
      }
      try {
        fill({static_cast<std::byte*>(start), size});
      } catch (...) {
        munmap(start, size);
        unlink(path.c_str());
        throw;
      }
      munmap(start, size);
      if (pwrite(file.get(), &kWhole, sizeof kWhole, static_cast<off_t>(size)) != sizeof kWhole) return std::nullopt;
    }
    if (!lock(file.get(), LOCK_SH)) return std::nullopt;
    if (is_there(file.get())) return file;  // nobody took it for left behind while the lock changed
  }
}

}  // namespace

std::shared_ptr<const SharedBytes> SharedBytes::get(std::uint64_t key, std::size_t size, const Fill& fill,
                                                    const std::filesystem::path& folder) {
  remove_left(folder);
  const auto path = folder / fmt::format("{}{:016x}", own_files(), key);
  auto file = whole_file(path, size, fill);
  if (!file) return nullptr;
  void* start = mmap(nullptr, size, PROT_READ, MAP_SHARED, file->get(), 0);
  if (start == MAP_FAILED) return nullptr;
  return std::shared_ptr<const SharedBytes>(new SharedBytes(path, file->release(), start, size));
}

void SharedBytes::remove_left(const std::filesystem::path& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const auto& path = entry->path();
    if (!path.filename().string().starts_with(own_files())) continue;
    const Descriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (file.get() >= 0 && lock(file.get(), LOCK_EX | LOCK_NB) && is_there(file.get())) unlink(path.c_str());
  }
}

SharedBytes::~SharedBytes() {
  munmap(start_, size_);
  if (lock(file_, LOCK_EX | LOCK_NB) && is_there(file_)) unlink(path_.c_str());
  close(file_);
}

}  // namespace harmonic
