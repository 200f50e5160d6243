#include "core/storage/atomic_file.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <typeinfo>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = ".tmp-";
constexpr auto kSurelyDead = std::chrono::hours(1);  ///< of a writer that cannot be asked, after its last write

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void sync_to_disk(const fs::path& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) throw RunError(fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
  const int result = fsync(fd);
  const int error = errno;
  close(fd);
  const bool knows_no_folders = (flags & O_DIRECTORY) != 0 && error == EINVAL;  // some file systems of clusters
  if (result != 0 && !knows_no_folders)
    throw RunError(fmt::format("cannot flush {}: {}", path.string(), std::strerror(error)));
}

/// Names the processes among which a process id is unique: one container of one start of one machine.
const std::string& neighbourhood() {
  static const std::string name = [] {
    std::ifstream boot("/proc/sys/kernel/random/boot_id");
    std::string text{std::istreambuf_iterator<char>(boot), {}};
    std::array<char, 256> part{};
    if (gethostname(part.data(), part.size() - 1) == 0) text += part.data();
    if (const auto length = readlink("/proc/self/ns/pid", part.data(), part.size()); length > 0)
      text.append(part.data(), static_cast<std::size_t>(length));
    return fmt::format("{:016x}", hash64(text));
  }();
  return name;
}

/// Whether the process that fills a temporary file or folder is gone: one of this neighbourhood can be asked for,
/// another has not written for long.
bool is_dead(const std::string& writer, const fs::path& temporary) {
  const auto parts = split(writer, '-');
  pid_t process = 0;
  if (parts.size() == 3 && parts[0] == neighbourhood() &&
      std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), process).ec == std::errc{} && process > 0)
    return kill(process, 0) != 0 && errno == ESRCH;
  std::error_code error;
  const auto written = fs::last_write_time(temporary, error);
  return !error && fs::file_time_type::clock::now() - written > kSurelyDead;
}

/// Whether a failure says that a disk, or a user's share of it, is full, or the disk of `folder` has next to no room
/// left: not every library passes on what the system said.
bool is_full(std::string_view failure, const fs::path& folder) {
  constexpr std::uintmax_t kNextToNothing = 64U << 10U;  // bytes
  for (const int error : {ENOSPC, EDQUOT})
    if (failure.find(std::strerror(error)) != std::string_view::npos) return true;
  std::error_code unknown;
  const auto space = fs::space(folder, unknown);
  return !unknown && space.available < kNextToNothing;
}

/// What failed on the way to `path`, told of that path, which people know, not of the temporary one.
RunError failure_at(const fs::path& path, const fs::path& temporary, std::string failure) {
  const bool full = is_full(failure, folder_of(path));
  const std::string on_the_way = temporary.string();
  for (auto at = failure.find(on_the_way); at != std::string::npos; at = failure.find(on_the_way, at))
    failure.replace(at, on_the_way.size(), path.string());
  constexpr std::string_view kMend = ": its disk is full: make room there, or give a path on another";
  if (full && !failure.ends_with(kMend)) failure += kMend;  // of a file in a folder that is put in place itself
  return RunError(failure);
}

/// Removes what lies there, if anything does, in the end.
struct Removal {
  fs::path path;
  ~Removal() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

/// Fills a temporary neighbour of `path`, puts it on disk, and gives it its name; when any of that throws, takes it
/// away.
void put_in_place(const fs::path& path, const std::function<void(const fs::path&)>& write,
                  const std::function<void(const fs::path&)>& finish) {
  remove_leftovers(path);
  const fs::path temporary = temporary_beside(path);
  const Removal removal{temporary};  // after the causes of a failure were looked into
  try {
    write(temporary);
    finish(temporary);
    sync_to_disk(folder_of(path), O_RDONLY | O_DIRECTORY);
  } catch (const fs::filesystem_error& e) {
    throw failure_at(path, temporary, fmt::format("cannot write {}: {}", path.string(), e.code().message()));
  } catch (const RunError& e) {
    if (typeid(e) != typeid(RunError)) throw;
    throw failure_at(path, temporary, e.what());
  }
}

}  // namespace

fs::path temporary_beside(const fs::path& path) {
  fs::path temporary = path;
  return temporary += fmt::format("{}{}-{}-{:08x}", kMark, neighbourhood(), getpid(), std::random_device{}());
}

std::optional<fs::path> destination_of(const fs::path& temporary) {
  const std::string name = temporary.filename().string();
  const auto mark = name.rfind(kMark);
  if (mark == std::string::npos || mark == 0) return {};
  return temporary.parent_path() / name.substr(0, mark);
}

void remove_leftovers(const fs::path& path) noexcept try {
  const std::string beginning = path.filename().string() + std::string(kMark);
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_of(path), ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(beginning) && is_dead(name.substr(beginning.size()), entry.path()))
      fs::remove_all(entry.path(), ignored);
  }
} catch (const std::exception&) {  // they are in nobody's way
}

void replace_file(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  put_in_place(path, write, [&](const fs::path& temporary) {
    sync_to_disk(temporary, O_RDONLY);
    fs::rename(temporary, path);
  });
}

fs::path previous_version(const fs::path& path) {
  return path.string() + ".previous";
}

bool place_folder(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  bool placed = true;
  const auto fill = [&](const fs::path& temporary) {
    fs::create_directories(temporary);
    write(temporary);
  };
  put_in_place(path, fill, [&](const fs::path& temporary) {
    for (const auto& entry : fs::recursive_directory_iterator(temporary))
      sync_to_disk(entry.path(), entry.is_directory() ? O_RDONLY | O_DIRECTORY : O_RDONLY);
    sync_to_disk(temporary, O_RDONLY | O_DIRECTORY);
    std::error_code error;
    fs::rename(temporary, path, error);
    placed = !error;
    if (placed) return;
    if (!fs::is_directory(path)) throw fs::filesystem_error("rename", temporary, path, error);
    fs::remove_all(temporary);
  });
  return placed;
}

void replace_file(const fs::path& path, std::string_view text) {
  replace_file(path, [&](const fs::path& temporary) {
    std::ofstream out(temporary, std::ios::binary);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.close();
    if (!out) throw RunError(fmt::format("cannot write {}: {}", temporary.string(), std::strerror(errno)));
  });
}

void keep_as(const fs::path& path, const fs::path& kept) {
  if (!fs::exists(path)) return;
  replace_file(kept, [&](const fs::path& temporary) {
    std::error_code error;
    fs::create_hard_link(path, temporary, error);
    if (error) fs::copy_file(path, temporary);
  });
}

std::string read_file(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error))
    throw InputError(fmt::format("cannot read {}: it is a folder", path.string()), "give a file in it");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw InputError(fmt::format("cannot read {}", path.string()), "check the path");
  const auto size = fs::file_size(path, error);
  std::string text(error ? 0 : static_cast<std::size_t>(size), '\0');  // at once: a large file is held no second time
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in) text.append(std::istreambuf_iterator<char>(in), {});  // of a pipe, or of a file that grows
  return text;
}

}  // namespace harmonic
