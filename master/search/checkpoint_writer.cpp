#include "master/search/checkpoint_writer.hpp"

#include <exception>
#include <utility>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "core/base/log.hpp"
#include "master/search/checkpoint.hpp"

namespace harmonic {
namespace {

/// A checkpoint takes for a moment what grows with the archive, in small pieces that the allocator would keep.
void give_back_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace

CheckpointWriter::CheckpointWriter(std::filesystem::path path, std::uint64_t settings_hash, std::size_t modalities)
    : path_(std::move(path)), settings_hash_(settings_hash), modalities_(modalities) {}

CheckpointWriter::~CheckpointWriter() {
  try {
    finish();
  } catch (const std::exception& e) {  // the run ends for a reason of its own
    log::warning("{}", e.what());
  }
}

void CheckpointWriter::write(SearchState state) {
  finish();
  under_way_ = std::async(std::launch::async, [this, state = std::move(state)]() mutable {
    save_checkpoint(path_, state, settings_hash_, modalities_);
    state = {};
    give_back_memory();
  });
}

void CheckpointWriter::finish() {
  if (under_way_.valid()) under_way_.get();
}

}  // namespace harmonic
