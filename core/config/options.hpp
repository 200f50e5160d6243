#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace harmonic {

/// Bounds of a number, both allowed.
template <class T>
struct OptionRange {
  T lowest = std::numeric_limits<T>::lowest();
  T highest = std::numeric_limits<T>::max();
};

/// The options of one subcommand: declared once, each with its section, default, unit and explanation, and from that
/// read from the command line (`--name value`), from the INI file given by `--config` (`name = value` under
/// `[section]`), shown by `--help`, and written back (config.cfg of a run). Command line over file over default.
///
///   OptionSet options("harmonic search", "Searches …");
///   options.section("search").add("population", settings.population, "genomes a modality and generation", {4, 4096});
///   switch (options.parse(args)) …
class OptionSet {
 public:
  OptionSet(std::string command, std::string summary);

  /// The INI section of the options added from here on. "" (the start) means command line only.
  OptionSet& section(std::string_view name);

  /// Binds an option to `target`, whose present value is the default. `help` names the unit where there is one.
  OptionSet& add(std::string_view name, std::string& target, std::string_view help);
  OptionSet& add(std::string_view name, int& target, std::string_view help, OptionRange<int> range = {});
  OptionSet& add(std::string_view name, double& target, std::string_view help, OptionRange<double> range = {});
  OptionSet& add(std::string_view name, std::uint64_t& target, std::string_view help);
  /// `--name` or `--name=false` on the command line, `name = true` in a file.
  OptionSet& add(std::string_view name, bool& target, std::string_view help);
  /// Repeated: every occurrence appends; occurrences on the command line replace those of the file.
  OptionSet& add(std::string_view name, std::vector<std::string>& target, std::string_view help);
  /// Comma-separated list of whole numbers.
  OptionSet& add(std::string_view name, std::vector<int>& target, std::string_view help);
  /// One of a few words.
  OptionSet& add_choice(std::string_view name, std::string& target, std::vector<std::string> choices,
                        std::string_view help);
  /// Comma-separated list of such words.
  OptionSet& add_words(std::string_view name, std::vector<std::string>& target, std::vector<std::string> choices,
                       std::string_view help);

  /// What a config file says: values by "section.key", in the file's order of repetition.
  using Values = std::map<std::string, std::vector<std::string>>;
  /// Sections [prefix.NAME] of a config file, as many as the user likes, each handed to `define` with its values.
  /// @param to_ini those in force, as to_ini() writes them
  OptionSet& add_family(std::string prefix, std::string help,
                        std::function<void(const std::string& name, const Values&, const std::string& path)> define,
                        std::function<std::string()> to_ini);
  /// Assigns what a config file says. @param path the file, for messages
  /// @throws InputError naming the key
  void take(const Values& values, const std::string& path);
  /// The last added option must be given: on the command line, or in the file when it has a section.
  OptionSet& required();

  enum class Parsed { ready, help_printed };
  /// Reads `args` (without program and subcommand). `--help` prints help() on stdout.
  /// @throws InputError for an unknown option or key (naming the nearest known), a value out of range or unreadable,
  ///   a missing required option, an unreadable config file.
  [[nodiscard]] Parsed parse(const std::vector<std::string>& args);

  /// True when the option was given on the command line or in the config file.
  [[nodiscard]] bool given(std::string_view name) const;

  [[nodiscard]] std::string help() const;
  /// Every sectioned option with its value now, as an INI file that `--config` reads back, explanations as comments.
  [[nodiscard]] std::string to_ini() const;
  /// The same by name, without section and explanation.
  [[nodiscard]] std::map<std::string, std::vector<std::string>> values() const;

 private:
  struct Option {
    std::string section, name, help, default_text;
    bool is_flag = false;
    bool is_list = false;
    bool is_required = false;
    bool was_given = false;
    std::function<void(const std::vector<std::string>&)> assign;  ///< @throws InputError
    std::function<std::vector<std::string>()> current;
  };

  struct Family {
    std::string prefix, help;
    std::function<void(const std::string&, const Values&, const std::string&)> define;
    std::function<std::string()> to_ini;
  };

  OptionSet& push(Option option);
  [[nodiscard]] Option* find(std::string_view name);
  [[nodiscard]] const Option* find(std::string_view name) const;
  void read_config(const std::string& path);
  [[nodiscard]] std::vector<std::string> names() const;

  std::string command_, summary_, section_, config_path_;
  std::vector<Option> options_;
  std::vector<Family> families_;
};

}  // namespace harmonic
