#pragma once

#include "core/base/error.hpp"
#include "master/commands/commands.hpp"

namespace harmonic {

/// harmonic simulate: the real master and message layer, with workers that wait instead of computing.
/// @param program as it was called
[[nodiscard]] ExitCode simulate_command(const std::string& program, const Arguments& args);

}  // namespace harmonic
