#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "worker/backbone/supernet.hpp"

namespace harmonic {

/// Reads a published checkpoint: a zip-format PyTorch file with a `state_dict`. Knows all published name variants:
/// `.mobile_inverted_conv.` for `.conv.`, `bn`, `conv` and `linear` wrapped once or twice, a leading `module.`. The
/// number of classes is that of its classifier; a Maxout network's input length that of its first layer.
/// @param left when given, the names of the checkpoint's tensors that the space has no place for
/// @throws InputError when it is no such file, or names the first tensor that is missing, misshapen (with both shapes),
///   not finite, or there under two names
[[nodiscard]] Supernet import_checkpoint(const std::filesystem::path& path, BackboneSpace space,
                                         std::vector<std::string>* left = nullptr);

/// The one spelling that all variants of a tensor's name have in common.
///   "module.blocks.3.mobile_inverted_conv.depth_conv.bn.bn.weight" -> "blocks.3.conv.depth_conv.bn.weight"
[[nodiscard]] std::string common_spelling(std::string name);

}  // namespace harmonic
