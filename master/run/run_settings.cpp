#include "master/run/run_settings.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "core/storage/atomic_file.hpp"
#include "master/run/journal.hpp"
#include "master/run/run_config.hpp"
#include "master/run/run_directory.hpp"
#include "master/run/run_paths.hpp"

namespace harmonic {
namespace {

constexpr const char* kUsualCommand = "search";
/// Commands, each with the section of its name that it alone has.
constexpr std::array kOtherCommands = {"reproduce", "simulate"};

/// Nothing when config.cfg is gone or cut short.
std::optional<RecordedSettings> in_config(const RunPaths& paths) {
  if (!std::filesystem::is_regular_file(paths.config())) return std::nullopt;
  RecordedSettings settings{read_file(paths.config()), paths.config()};
  return settings.text.ends_with(RunConfig::kEnd) ? std::optional(std::move(settings)) : std::nullopt;
}

std::optional<RecordedSettings> in_journal(const RunPaths& paths) {
  RecordedSettings settings{Journal::settings(paths.journal()), paths.journal()};
  return settings.text.empty() ? std::nullopt : std::optional(std::move(settings));
}

/// @throws InputError when the other command began the run
void check_command(const RecordedSettings& settings, const RunPaths& paths, const std::string& command) {
  const auto sections = parse_ini(settings.text, settings.path);
  const auto found = std::ranges::find_if(kOtherCommands, [&](const char* other) {
    return std::ranges::find(sections, other, &IniSection::name) != sections.end();
  });
  const std::string began = found == kOtherCommands.end() ? kUsualCommand : *found;
  if (began != command)
    throw InputError(fmt::format("{} is a run of harmonic {}", paths.folder.string(), began),
                     "go on with it by that command, or give another directory to --run");
}

}  // namespace

std::optional<RecordedSettings> recorded_settings(
    const std::filesystem::path& run, const std::string& command,
    const std::function<OptionSet::Values(const RecordedSettings&)>& identity) {
  const RunPaths paths{run};
  Journal::check_version(paths.journal());
  auto last = in_config(paths);
  auto first = in_journal(paths);
  const auto identity_of = [&](const RecordedSettings& settings) -> std::optional<OptionSet::Values> {
    try {
      return identity(settings);
    } catch (const InputError&) {
      return std::nullopt;
    }
  };
  if (last) {
    const auto of_last = identity_of(*last);
    if (!of_last || (first && of_last != identity_of(*first))) last.reset();
  }
  auto& found = last ? last : first;
  if (found) check_command(*found, paths, command);
  return found;
}

void check_may_begin(const std::filesystem::path& run) try {
  if (std::filesystem::exists(run)) check_run_folder(run, /*resume=*/false);
} catch (const std::filesystem::filesystem_error&) {
  // A folder that cannot be read is refused where the run would begin.
}

}  // namespace harmonic
