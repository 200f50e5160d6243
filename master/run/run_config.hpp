#pragma once

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

  std::string text;  ///< INI
  /// "seed (1 in the run, 2 given)" of every setting that determines results and is otherwise in another run's text;
  /// where files lie determines none. `name` of the file is for messages. @throws InputError when it cannot be read
  std::function<std::vector<std::string>(const std::string& text, const std::string& name)> differences;
};

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
