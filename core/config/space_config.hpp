#pragma once

#include <string>
#include <vector>

#include "core/config/options.hpp"
#include "core/space/search_space.hpp"

namespace harmonic {

/// Lets a command's config file define search spaces, one a section, which `spaces` then knows:
///
///   [space.mine]
///   resolution = 32
///   in-channels = 3
///   widths = 24,40
///   strides = 2,2
///
/// What a section leaves out is as in avmnist-image. The command writes its definitions back with its settings.
void declare_spaces(OptionSet& options, SpaceCatalog& spaces);

/// The config files among the words of a command, which may define spaces: those of --config, in their order.
[[nodiscard]] std::vector<std::string> config_files(const std::vector<std::string>& words);

}  // namespace harmonic
