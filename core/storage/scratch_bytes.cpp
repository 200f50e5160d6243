#include "core/storage/scratch_bytes.hpp"

#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace harmonic {

std::unique_ptr<ScratchBytes> ScratchBytes::make(std::size_t size, const std::filesystem::path& folder) {
  std::string name = (folder / "harmonic-scratch-XXXXXX").string();
  const int file = mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) return nullptr;
  unlink(name.c_str());
  // All of it now: a page that finds no room later would end the process.
  void* start = posix_fallocate(file, 0, static_cast<off_t>(size)) == 0
                    ? mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                    : MAP_FAILED;
  close(file);  // the mapping holds it
  if (start == MAP_FAILED) return nullptr;
  return std::unique_ptr<ScratchBytes>(new ScratchBytes(start, size));
}

ScratchBytes::~ScratchBytes() {
  munmap(start_, size_);
}

void ScratchBytes::let_go() {
  madvise(start_, size_, MADV_DONTNEED);  // of a shared mapping: what was written is the file's already
}

}  // namespace harmonic
