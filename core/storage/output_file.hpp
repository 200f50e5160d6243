#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace harmonic {

/// A file that a command reads, with the option that named it.
struct OptionFile {
  std::string option;  ///< "data"; empty: the command's only word
  std::filesystem::path path;
};

/// The folder of an output, made before it is checked and kept until it is written: those folders that had to be made
/// go again with this object, unless something lies in them then. A command that is refused leaves no trace.
class OutputFolder {
 public:
  /// Makes the folder of `file`, and those above it, where there is none; nothing for a file without a name.
  /// @throws InputError when it cannot be made
  OutputFolder(const std::filesystem::path& file, std::string_view option);
  /// Then check_output(file, option, inputs).
  OutputFolder(const std::filesystem::path& file, std::string_view option, const std::vector<OptionFile>& inputs);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

 private:
  void remove_made() const noexcept;

  std::vector<std::filesystem::path> made_;  ///< the uppermost last
};

/// To be called before the work whose result goes to `path`: finds out by trying whether replace_file could write
/// there. Leaves no trace; what lies at `path` is not touched.
/// @param option of the command line that named it, for messages: "out"
/// @param inputs of the same command; those without a path are passed over
/// @throws InputError: no such folder, no right to write there, something that is no regular file, or one of the
///   inputs, under whatever name
void check_output(const std::filesystem::path& path, std::string_view option,
                  const std::vector<OptionFile>& inputs = {});

/// For results that replace one of their own kind alone. @param kind "a data set"
/// @param is_own whether a file that is there is one; what it throws of the kind std::exception says no
/// @throws InputError when something else is at `path`
void check_own_kind(const std::filesystem::path& path, std::string_view option, std::string_view kind,
                    const std::function<bool(const std::filesystem::path&)>& is_own);

/// `path`, or, where something is there, the first of more-2.json, more-3.json … where nothing is.
[[nodiscard]] std::filesystem::path unused_path(const std::filesystem::path& path);

/// For results that are not to be replaced unasked. @throws InputError when something is at `path`
void check_absent(const std::filesystem::path& path, std::string_view option, std::string_view mend);

}  // namespace harmonic
