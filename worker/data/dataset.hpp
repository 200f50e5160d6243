#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <torch/types.h>

#include "core/data/dataset_file.hpp"
#include "worker/data/sample_source.hpp"

namespace harmonic {

/// What samples may hold of a machine's memory (`--data-memory`), all its ranks together: they hold each byte once
/// (SharedBytes). Who opens first comes first; what does not fit any more stays in the file.
class DataMemory {
 public:
  /// Removes what killed runs of the user left in the folder for temporary files (SharedBytes).
  /// @param mebibytes 0 or more; @param ranks of this machine, which open the same samples in the same order
  DataMemory(int mebibytes, int ranks);

  /// Whether there is room for so many bytes, which are then taken.
  [[nodiscard]] bool take(std::size_t bytes) {
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }
  [[nodiscard]] bool is_shared() const { return shared_; }

 private:
  std::size_t left_;
  bool shared_;
};

/// One modality's samples of one split. They stay as the file has them, bytes of pictures bytes, until a batch of them
/// is asked for. Where `memory` has room they are held, and go along whole to a GPU; else every batch is read from the
/// file, the next one by a thread of its own while one is worked on, through the system's cache of the file, which is
/// one, too, for all ranks. All of them are read once before this returns: damage is found at the start.
/// @param limit at most this many, from the start; no others are read
/// @throws InputError where they are damaged, or not finite
[[nodiscard]] SampleSource open_samples(const std::shared_ptr<const DatasetFile>& file, const std::string& modality,
                                        Split split, DataMemory& memory, std::optional<std::size_t> limit = {});

/// The same, never held, and nothing read before it is asked for: for a few samples out of many.
[[nodiscard]] SampleSource stream_samples(const std::shared_ptr<const DatasetFile>& file, const std::string& modality,
                                          Split split);

/// @throws InputError when the split that is asked for is empty
void check_split(const DatasetFile& file, Split split);

/// Samples of a split as the file holds them, neither scaled nor normalised: uint8 or float32.
[[nodiscard]] torch::Tensor stored_samples(const DatasetFile& file, const std::string& modality, Split split,
                                           std::int64_t first, std::int64_t count);

/// classification: (N) int64 class indices; multilabel: (N, classes) float32, 0 or 1.
[[nodiscard]] torch::Tensor load_labels(const DatasetFile& file, Split split);

}  // namespace harmonic
