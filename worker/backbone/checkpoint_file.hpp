#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <torch/types.h>

namespace harmonic {

/// A tensor of a checkpoint. It may be a view of memory that others share, too: it is to be read, not written.
struct CheckpointTensor {
  torch::Tensor tensor;  ///< undefined where it cannot be read
  std::string problem;   ///< why not: "it is written by torch._utils._rebuild_qtensor"
};

/// The weights of a PyTorch checkpoint.
struct Checkpoint {
  std::map<std::string, CheckpointTensor> tensors;
  std::string key;  ///< where they were: "state_dict", "ema.shadow"; "" where the file is their dictionary
  std::vector<std::string> others;  ///< further keys under which tensors are
};

/// Reads both forms of file, zip (torch.save since 1.6) and legacy. Only data are taken from the pickle inside: nothing
/// of what it asks for is run. What lies beside the weights is passed over, whatever it is. Views of one storage share
/// its memory, which is that of the file.
/// @param key where the weights are, with dots where dictionaries lie in each other, or what stands before their names;
///   "": under one of the usual keys (state_dict, model, …), else where most tensors are
/// @throws InputError when it is no such file, a damaged one, has no weights there (naming where there are some), or
///   they may be in several places
[[nodiscard]] Checkpoint read_checkpoint(const std::filesystem::path& path, const std::string& key = "");

}  // namespace harmonic
