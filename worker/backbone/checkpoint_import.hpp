#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "worker/backbone/supernet.hpp"

namespace harmonic {

/// What a checkpoint left open, and how it was taken.
struct ImportNotes {
  std::string key;                      ///< where the weights were, Checkpoint::key
  std::vector<std::string> other_keys;  ///< further keys under which tensors are
  std::vector<std::string> left;        ///< names of its tensors that the space has no place for
  std::vector<std::string> identities;  ///< kernel matrices that no block of it has: "7to5_matrix"
};

/// Reads a published checkpoint (read_checkpoint). Knows all published name variants: `.mobile_inverted_conv.` for
/// `.conv.`, `bn`, `conv` and `linear` wrapped once or twice, wrappers such as `module.` and `_orig_mod.`, and anything
/// that stands before the names of all tensors of the network. The number of classes is that of its classifier; a
/// Maxout network's input length that of its first layer. Where no block has a kernel matrix (a network of one kernel
/// size), identities stand in for it.
/// @param key where the weights are; "": where they usually are
/// @throws InputError when it is no such file, or names the first tensor that is missing, misshapen (with both shapes),
///   not finite, a variance below 0, or there under two names
[[nodiscard]] Supernet import_checkpoint(const std::filesystem::path& path, BackboneSpace space,
                                         const std::string& key = "", ImportNotes* notes = nullptr);

/// The one spelling that all variants of a tensor's name have in common.
///   "module.blocks.3.mobile_inverted_conv.depth_conv.bn.bn.weight" -> "blocks.3.conv.depth_conv.bn.weight"
[[nodiscard]] std::string common_spelling(const std::string& name);

}  // namespace harmonic
