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
/// harmonic lut import|model|show|cost; what runs networks is harmonic-compute's
ExitCode lut_command(const Arguments& args);
ExitCode pareto_command(const Arguments& args);  ///< harmonic pareto
/// harmonic reproduce --lut|--join; with a data set it is harmonic-compute's
ExitCode reproduce_command(const Arguments& args);
ExitCode report_command(const Arguments& args);  ///< harmonic report
ExitCode select_command(const Arguments& args);  ///< harmonic select
ExitCode show_command(const Arguments& args);    ///< harmonic show
ExitCode status_command(const Arguments& args);  ///< harmonic status

/// Whether these words of harmonic lut are for lut_command.
[[nodiscard]] bool needs_no_networks(const Arguments& args);
/// Whether these words of harmonic reproduce are for reproduce_command.
[[nodiscard]] bool reproduces_without_data(const Arguments& args);

}  // namespace harmonic
