#pragma once

#include <string>
#include <vector>

#include "master/commands/commands.hpp"

namespace harmonic {

/// Takes the words out of `args` that are neither options nor values of options, wherever they stand.
/// @param flags options that take no value, without dashes: "json"
[[nodiscard]] std::vector<std::string> take_operands(Arguments& args, const std::vector<std::string>& flags);

/// The one run that is named, by --run or as a word. @throws InputError where none is, or several are
[[nodiscard]] std::string one_run(const std::string& option, const std::vector<std::string>& words,
                                  const std::string& command);

}  // namespace harmonic
