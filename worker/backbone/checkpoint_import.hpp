#pragma once

#include <filesystem>
#include <string>

#include "worker/backbone/supernet.hpp"

namespace harmonic {

/// Reads a published checkpoint: a zip-format PyTorch file with a `state_dict`. Knows all published name variants:
/// `.mobile_inverted_conv.` for `.conv.`, `bn`, `conv` and `linear` wrapped once or twice, a leading `module.`. The
/// number of classes is that of its classifier; a Maxout network's input length that of its first layer.
/// @throws InputError when it is no such file, or names the first tensor that is missing or misshapen, with both shapes
[[nodiscard]] Supernet import_checkpoint(const std::filesystem::path& path, BackboneSpace space);

/// The one spelling that all variants of a tensor's name have in common.
///   "module.blocks.3.mobile_inverted_conv.depth_conv.bn.bn.weight" -> "blocks.3.conv.depth_conv.bn.weight"
[[nodiscard]] std::string common_spelling(std::string name);

}  // namespace harmonic
