#pragma once

#include <filesystem>
#include <string_view>

namespace harmonic {

/// To be called before the work whose result goes to `path`: finds out by trying whether replace_file could write
/// there. Leaves no trace; what lies at `path` is not touched.
/// @param option of the command line that named it, for messages: "out"
/// @throws InputError: no such folder, no right to write there, a folder, or something else that is no regular file
void check_output(const std::filesystem::path& path, std::string_view option);

}  // namespace harmonic
