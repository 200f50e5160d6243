#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace harmonic {

/// Bytes of this process's own that are to take disk in place of memory: a file without a name in the folder for
/// temporary files, mapped. They start as zeros and go with this object, however the process ends.
class ScratchBytes {
 public:
  /// @param size above 0
  /// @return nothing where the folder cannot hold so many, or takes no file
  [[nodiscard]] static std::unique_ptr<ScratchBytes> make(
      std::size_t size, const std::filesystem::path& folder = std::filesystem::temp_directory_path());

  ScratchBytes(const ScratchBytes&) = delete;
  ScratchBytes& operator=(const ScratchBytes&) = delete;
  ~ScratchBytes();

  [[nodiscard]] std::span<std::byte> bytes() { return {static_cast<std::byte*>(start_), size_}; }
  /// Gives the memory of pages back that were read or written: the bytes stay, and come back when they are touched.
  void let_go();

 private:
  ScratchBytes(void* start, std::size_t size) : start_(start), size_(size) {}

  void* start_;
  std::size_t size_;
};

}  // namespace harmonic
