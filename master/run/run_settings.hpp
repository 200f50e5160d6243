#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/config/options.hpp"
#include "core/config/search_settings.hpp"

namespace harmonic {

/// The settings that the run in this folder recorded: config.cfg's, which has the free ones as they were last; the
/// journal's, as they were at the start, where config.cfg is gone, damaged, or not of the journal's run.
/// @param identity what of such a text determines results (OptionSet::identity_of)
/// @return nothing where no run is, or none that tells its settings
/// @throws InputError when it cannot be read, or is a run of another command than `command` ("search", "reproduce")
[[nodiscard]] std::optional<RecordedSettings> recorded_settings(
    const std::filesystem::path& run, const std::string& command,
    const std::function<OptionSet::Values(const RecordedSettings&)>& identity);

/// Tells those whose settings cannot work what comes first: that the folder is a run's, which they may have meant to go
/// on with, or none that a run may begin in. Nothing where it may. @throws InputError as check_run_folder
void check_may_begin(const std::filesystem::path& run);

/// Reads the settings of a run from the words of a command, over those that the run recorded where it goes on, and
/// checks them.
/// @param settings SearchSettings, or any that declare their options and check them @param of_run those it has of a run
/// @param options of `settings`, declared
/// @throws InputError: they cannot be read or cannot work; there is no run to go on with, and none can begin
template <class Settings>
[[nodiscard]] OptionSet::Parsed read_run_settings(OptionSet& options, const Settings& settings,
                                                  const SearchSettings& of_run, const std::string& command,
                                                  const std::vector<std::string>& args) {
  bool unknown = false;
  options.recorded_by([&]() -> std::optional<RecordedSettings> {
    if (!of_run.resume) return std::nullopt;
    const auto identity = [](const RecordedSettings& recorded) {
      Settings read;
      OptionSet keys("", "");
      read.declare(keys);
      return keys.identity_of(parse_ini(recorded.text, recorded.path), recorded.path);
    };
    auto recorded = recorded_settings(of_run.run, command, identity);
    unknown = !recorded;
    return recorded;
  });
  try {
    if (options.parse(args) == OptionSet::Parsed::help_printed) return OptionSet::Parsed::help_printed;
    settings.check();
    return OptionSet::Parsed::ready;
  } catch (const InputError& e) {
    if (!of_run.resume) check_may_begin(of_run.run);
    if (!unknown) throw;
    throw InputError(
        fmt::format("there is no run in {} that tells its settings to --resume: {}", of_run.run, e.problem()),
        "give the directory of a run to --run, or leave out --resume");
  }
}

}  // namespace harmonic
