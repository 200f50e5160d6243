#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>

namespace harmonic {

/// Bytes that all processes of one user on a machine hold once: a file in the folder for temporary files, made by the
/// first process that asks for them, mapped read-only by all, removed by the last. None waits for another but while
/// the bytes are being made, and then for a lock that ends with its holder: a process that is killed holds up nobody.
/// What killed processes left behind goes when the next one asks, or calls remove_left().
///
/// Why no window of MPI's: to make one is a collective call, which workers of a search, who come and go, cannot make;
/// and its memory is the machine's /dev/shm, 64 MiB in many a container.
class SharedBytes {
 public:
  /// Writes the bytes where they are to be. What it throws reaches the caller, and nothing is left.
  using Fill = std::function<void(std::span<std::byte>)>;

  /// @param key tells these bytes from all others: equal keys, equal bytes
  /// @param size above 0
  /// @param folder on a disk, or in memory, of this machine
  /// @return nothing where the folder cannot hold so many, or takes no file
  [[nodiscard]] static std::shared_ptr<const SharedBytes> get(
      std::uint64_t key, std::size_t size, const Fill& fill,
      const std::filesystem::path& folder = std::filesystem::temp_directory_path());

  /// Removes the files of this user's whose last process was killed.
  static void remove_left(const std::filesystem::path& folder);

  ~SharedBytes();
  SharedBytes(const SharedBytes&) = delete;
  SharedBytes& operator=(const SharedBytes&) = delete;

  [[nodiscard]] std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(start_), size_}; }

 private:
  SharedBytes(std::filesystem::path path, int file, void* start, std::size_t size)
      : path_(std::move(path)), file_(file), start_(start), size_(size) {}

  std::filesystem::path path_;
  int file_;
  void* start_;
  std::size_t size_;
};

}  // namespace harmonic
