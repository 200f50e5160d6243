#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/options.hpp"

namespace harmonic {

/// All settings in force of a run, as its directory keeps them in config.cfg.
struct RunConfig {
  /// The last line of `text`: one that lacks it is cut short.
  static constexpr std::string_view kEnd = "# End of the settings.\n";

  std::string text;     ///< INI
  std::string changes;  ///< those that are not the defaults, as the journal keeps them: INI without comments
  /// "seed (1 in the run, 2 given)" of every setting that determines results and is otherwise in another run's text;
  /// where files lie determines none. `name` of the file is for messages. @throws InputError when it cannot be read
  std::function<std::vector<std::string>(const std::string& text, const std::string& name)> differences;
};

/// What of an INI text is not so in another, without comments.
inline std::string changes_of(const std::string& text, const std::string& usual) {
  std::string changes;
  const auto before = parse_ini(usual, "usual settings");
  for (const auto& section : parse_ini(text, "settings")) {
    const auto same = std::ranges::find(before, section.name, &IniSection::name);
    std::string lines;
    for (const auto& entry : section.entries)
      if (same == before.end() || same->values(entry.key) != section.values(entry.key))
        lines += ini_line(entry.key, entry.value);
    if (!lines.empty()) changes.append("[").append(section.name).append("]\n").append(lines);
  }
  return changes;
}

/// @param settings SearchSettings, or any that declare their options
template <class Settings>
[[nodiscard]] RunConfig run_config(Settings settings) {
  OptionSet options("", "");
  settings.declare(options);
  Settings usual;
  OptionSet defaults("", "");
  usual.declare(defaults);
  const std::string written = options.to_ini();
  return {written + std::string(RunConfig::kEnd), changes_of(written, defaults.to_ini()),
          [given = options.identity()](const std::string& text, const std::string& name) {
            Settings of_run;
            OptionSet read("", "");
            of_run.declare(read);
            return differences(read.identity_of(parse_ini(text, name), name), given);
          }};
}

}  // namespace harmonic
