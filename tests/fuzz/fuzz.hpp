#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include <unistd.h>

#include "core/base/log.hpp"

namespace harmonic::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline std::span<const std::byte> bytes_of(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

/// What must hold for any input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// A folder that goes with the process.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("harmonic-fuzz-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A file of these bytes and nothing beside it, for what reads files. The next call takes its place.
inline std::filesystem::path file_of(std::string_view bytes) {
  static const Folder folder;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) std::filesystem::remove(entry);
  const auto path = folder.path() / "input";
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return path;
}

/// Damaged input is news to a user, not here.
inline void silence() {
  log::set_level(log::Level::error);
}

}  // namespace harmonic::fuzz
