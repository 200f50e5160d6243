#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <torch/types.h>

namespace harmonic {

/// The named tensors of a PyTorch checkpoint: those of its `state_dict`, or of the dictionary that it is. Reads both
/// forms of file, zip (torch.save since 1.6) and legacy. Only data are taken from the pickle inside: nothing of what it
/// asks for is run, and classes it names are passed over.
/// @throws InputError when it is no such file, or a damaged one
[[nodiscard]] std::map<std::string, torch::Tensor> read_checkpoint(const std::filesystem::path& path);

}  // namespace harmonic
