#include "core/storage/output_file.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {

OutputFolder::OutputFolder(const std::filesystem::path& file, std::string_view option) {
  if (!file.has_parent_path()) return;
  std::error_code error;
  const auto folder =
      std::filesystem::absolute(file, error).parent_path();  // another working directory is no matter, later
  for (auto above = folder; !std::filesystem::exists(above, error) && above.has_relative_path();
       above = above.parent_path())
    made_.push_back(above);
  std::filesystem::create_directories(folder, error);
  if (!error) return;
  remove_made();  // one above may have been made
  throw InputError(
      fmt::format("option --{}: cannot make the folder {}: {}", option, file.parent_path().string(), error.message()),
      "give a path in a folder that is there or can be made");
}

OutputFolder::OutputFolder(const std::filesystem::path& file, std::string_view option,
                           const std::vector<OptionFile>& inputs)
    : OutputFolder(file, option) {  // from here on it is removed with this object, also when the next line throws
  check_output(file, option, inputs);
}

OutputFolder::~OutputFolder() {
  remove_made();
}

void OutputFolder::remove_made() const noexcept {
  std::error_code ignored;
  for (const auto& folder : made_) std::filesystem::remove(folder, ignored);  // fails where something lies in it
}

void check_output(const std::filesystem::path& path, std::string_view option, const std::vector<OptionFile>& inputs) {
  const auto refuse = [&](const std::string& why, std::string_view mend) {
    throw InputError(fmt::format("option --{}: cannot write '{}': {}", option, path.string(), why), mend);
  };
  if (path.empty()) refuse("the name is empty", "give the name of a file");
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) refuse("it is a folder", "give the name of a file in it");
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error))
    refuse("it is no regular file", "give another path");
  for (const auto& input : inputs)
    if (std::filesystem::equivalent(path, input.path, error))
      refuse(input.option.empty() ? "it is the file that is read, which would be lost"
                                  : fmt::format("it is the file of --{}, which would be lost", input.option),
             "give another path");
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  if (!std::filesystem::is_directory(folder, error))
    refuse(fmt::format("there is no folder {}", folder.string()), "make it, or give another path");
  const auto trial = temporary_beside(path);
  const int file = open(trial.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) refuse(std::strerror(errno), "give a path where a file can be made");
  close(file);
  std::filesystem::remove(trial, error);
}

void check_own_kind(const std::filesystem::path& path, std::string_view option, std::string_view kind,
                    const std::function<bool(const std::filesystem::path&)>& is_own) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error) || std::filesystem::file_size(path, error) == 0) return;
  const auto is_replaceable = [&] {
    try {
      return is_own(path);
    } catch (const std::exception&) {
      return false;
    }
  };
  if (!is_replaceable())
    throw InputError(fmt::format("option --{}: {} is there already, and is not {} that may be replaced", option,
                                 path.string(), kind),
                     "give another path, or remove it");
}

std::filesystem::path unused_path(const std::filesystem::path& path) {
  std::error_code error;
  auto unused = path;
  for (int number = 2; std::filesystem::exists(unused, error); ++number)
    unused = path.parent_path() / fmt::format("{}-{}{}", path.stem().string(), number, path.extension().string());
  return unused;
}

void check_absent(const std::filesystem::path& path, std::string_view option, std::string_view mend) {
  std::error_code error;
  if (std::filesystem::exists(path, error))
    throw InputError(fmt::format("option --{}: {} exists already", option, path.string()), mend);
}

}  // namespace harmonic
