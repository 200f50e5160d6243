#include "core/storage/atomic_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

void sync_to_disk(const std::filesystem::path& path, int flags) {
  const int fd = open(path.c_str(), flags);
  if (fd < 0) throw RunError(fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
  const int result = fsync(fd);
  const int error = errno;
  close(fd);
  if (result != 0) throw RunError(fmt::format("cannot flush {}: {}", path.string(), std::strerror(error)));
}

}  // namespace

std::filesystem::path temporary_beside(const std::filesystem::path& path) {
  std::filesystem::path temporary = path;
  return temporary += fmt::format(".tmp{}", getpid());
}

void replace_file(const std::filesystem::path& path, const std::function<void(const std::filesystem::path&)>& write) {
  const std::filesystem::path temporary = temporary_beside(path);
  try {
    write(temporary);
    sync_to_disk(temporary, O_RDONLY);
    std::filesystem::rename(temporary, path);
    sync_to_disk(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."), O_RDONLY | O_DIRECTORY);
  } catch (const std::filesystem::filesystem_error& e) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw RunError(fmt::format("cannot replace {}: {}", path.string(), e.what()));
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

void replace_file(const std::filesystem::path& path, std::string_view text) {
  replace_file(path, [&](const std::filesystem::path& temporary) {
    std::ofstream out(temporary, std::ios::binary);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.close();
    if (!out) throw RunError(fmt::format("cannot write {}: {}", temporary.string(), std::strerror(errno)));
  });
}

std::string read_file(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    throw InputError(fmt::format("cannot read {}: it is a folder", path.string()), "give a file in it");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw InputError(fmt::format("cannot read {}", path.string()), "check the path");
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace harmonic
