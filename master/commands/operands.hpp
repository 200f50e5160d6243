#pragma once

#include <string>
#include <vector>

#include "master/commands/commands.hpp"

namespace harmonic {

/// Takes the words out of `args` that are neither options nor values of options, wherever they stand.
/// @param flags options that take no value, without dashes: "json"
[[nodiscard]] std::vector<std::string> take_operands(Arguments& args, const std::vector<std::string>& flags);

}  // namespace harmonic
