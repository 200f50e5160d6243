#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <future>

#include "master/search/evolution.hpp"

namespace harmonic {

/// Writes the checkpoints of a run by a thread of its own, one after the other: one takes as long as it has models, and
/// no message waits for it. Until one is whole the one before it counts, and the journal.
class CheckpointWriter {
 public:
  /// As of save_checkpoint.
  CheckpointWriter(std::filesystem::path path, std::uint64_t settings_hash, std::size_t modalities);
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// Begins to write, once the one before is written. @throws RunError when that could not be
  void write(SearchState state);
  /// Waits for the last one. @throws RunError when it could not be written
  void finish();

 private:
  std::filesystem::path path_;
  std::uint64_t settings_hash_;
  std::size_t modalities_;
  std::future<void> under_way_;
};

}  // namespace harmonic
