#pragma once

#include <string>
#include <vector>

#include "core/base/error.hpp"

namespace harmonic {

/// The subcommands that need no LibTorch, one file each. `args` are the words after the subcommand.
/// @throws InputError, RunError: main turns them into one line on stderr and an exit code.
using Arguments = std::vector<std::string>;
ExitCode compare_command(const Arguments& args);  ///< harmonic compare
ExitCode data_command(const Arguments& args);     ///< harmonic data synth|import|show
ExitCode lut_command(const Arguments& args);      ///< harmonic lut import|model|show|cost
ExitCode pareto_command(const Arguments& args);   ///< harmonic pareto
ExitCode report_command(const Arguments& args);   ///< harmonic report
ExitCode select_command(const Arguments& args);   ///< harmonic select
ExitCode show_command(const Arguments& args);     ///< harmonic show

}  // namespace harmonic
