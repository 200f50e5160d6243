#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace harmonic {

/// A file that a command reads, with the option that named it.
struct OptionFile {
  std::string option;  ///< "data"
  std::filesystem::path path;
};

/// Makes the folder of `path`, and those above it, where there is none; to be called before check_output.
/// @throws InputError when it cannot be made
void make_folder_of(const std::filesystem::path& path, std::string_view option);

/// To be called before the work whose result goes to `path`: finds out by trying whether replace_file could write
/// there. Leaves no trace; what lies at `path` is not touched.
/// @param option of the command line that named it, for messages: "out"
/// @param inputs of the same command; those without a path are passed over
/// @throws InputError: no such folder, no right to write there, something that is no regular file, or one of the
///   inputs, under whatever name
void check_output(const std::filesystem::path& path, std::string_view option,
                  const std::vector<OptionFile>& inputs = {});

/// For results that are not to be replaced unasked. @throws InputError when something is at `path`
void check_absent(const std::filesystem::path& path, std::string_view option, std::string_view mend);

}  // namespace harmonic
