#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/text.hpp"
#include "core/config/options.hpp"

namespace harmonic {

/// All settings in force of a run, as its directory keeps them in config.cfg.
struct RunConfig {
  /// The last line of `text`: one that lacks it is cut short.
  static constexpr std::string_view kEnd = "# End of the settings.\n";

  std::string text;  ///< INI
  /// `text` without its comments, as the journal keeps it.
  [[nodiscard]] std::string bare_text() const;
  /// "seed (1 in the run, 2 given)" of every setting that determines results and is otherwise in another run's text;
  /// where files lie determines none. `name` of the file is for messages. @throws InputError when it cannot be read
  std::function<std::vector<std::string>(const std::string& text, const std::string& name)> differences;
};

inline std::string RunConfig::bare_text() const {
  std::string bare;
  for (const auto& line : split(text, '\n'))
    if (!line.empty() && !line.starts_with('#')) bare += line + '\n';
  return bare;
}

/// @param settings SearchSettings, or any that declare their options
template <class Settings>
[[nodiscard]] RunConfig run_config(Settings settings) {
  OptionSet options("", "");
  settings.declare(options);
  return {options.to_ini() + std::string(RunConfig::kEnd),
          [given = options.identity()](const std::string& text, const std::string& name) {
            Settings of_run;
            OptionSet read("", "");
            of_run.declare(read);
            return differences(read.identity_of(parse_ini(text, name), name), given);
          }};
}

}  // namespace harmonic
