#pragma once

#include <filesystem>

#include "master/commands/commands.hpp"

namespace harmonic {

/// The actions of `harmonic data`, one file each. Each takes the words after its name.
ExitCode data_synth(const Arguments& args);
ExitCode data_import(const Arguments& args);
ExitCode data_show(Arguments args);

/// Prints what a data set file holds on stdout: a page, or one JSON object.
void print_dataset(const std::filesystem::path& path, bool as_json);

}  // namespace harmonic
