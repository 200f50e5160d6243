#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/choices.hpp"
#include "core/config/ini_file.hpp"

namespace harmonic {

/// Bounds of a number, both allowed.
template <class T>
struct OptionRange {
  T lowest = std::numeric_limits<T>::lowest();
  T highest = std::numeric_limits<T>::max();
};

/// How values of a type are written. `text` gives what `parse` reads back; `parse` throws InputError.
template <class T>
struct OptionText {
  std::function<T(const std::string&)> parse;
  std::function<std::string(const T&)> text;
};

/// The options of one subcommand: declared once, each with its section, default, unit and explanation, and from that
/// read from the command line (`--name value`), from the INI file given by `--config` (`name = value` under
/// `[section]`), shown by `--help`, and written back (`--print-config`, config.cfg of a run). Command line over file
/// over default.
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
  /// A value of any type.
  template <class T>
  OptionSet& add(std::string_view name, T& target, std::string_view help,
                 const std::type_identity_t<OptionText<T>>& form);
  /// Repeated values of any type.
  template <class T>
  OptionSet& add(std::string_view name, std::vector<T>& target, std::string_view help,
                 const std::type_identity_t<OptionText<T>>& form);
  /// One of a few words, each of which stands for a value.
  template <class T>
  OptionSet& add_choice(std::string_view name, T& target, const std::type_identity_t<Choices<T>>& choices,
                        std::string_view help);
  /// One of a few words.
  OptionSet& add_choice(std::string_view name, std::string& target, const std::vector<std::string>& words,
                        std::string_view help);
  /// Comma-separated list of words, one or more, each of which stands for a value.
  template <class T>
  OptionSet& add_choices(std::string_view name, std::vector<T>& target, const std::type_identity_t<Choices<T>>& choices,
                         std::string_view help);

  /// Sections [prefix.NAME] of a config file, as many as the user likes. They are read before all others, which may
  /// name them.
  /// @param take gets one, and the file's name for messages @param to_ini those in force, as to_ini() writes them
  OptionSet& add_family(std::string prefix, std::string help,
                        std::function<void(const IniSection& section, const std::string& path)> take,
                        std::function<std::string()> to_ini);

  /// Some values decide others. `apply` does that to the targets once all of them are read, before any is shown or
  /// hashed; what it changes though it was given is told by overruled().
  /// @param name what decides, for messages: "protocol = published"
  OptionSet& add_rule(std::string name, std::function<void()> apply);

  // Of the option added last:
  /// It must be given: on the command line, or in the file when it has a section.
  OptionSet& required();
  /// It changes no result: not part of identity().
  OptionSet& free();
  /// What of its values determines results, where that is not all: a file's content does, its path does not.
  OptionSet& identified_by(std::function<std::vector<std::string>()> values);

  enum class Parsed { ready, help_printed };
  /// Reads `args` (without program and subcommand). `--help` prints help() on stdout, `--print-config` to_ini().
  /// @throws InputError for an unknown option or key (naming the nearest known), a value out of range or unreadable,
  ///   a missing required option, an unreadable config file.
  [[nodiscard]] Parsed parse(const std::vector<std::string>& args);
  /// Assigns what a config file says. @param path the file, for messages
  /// @throws InputError naming file and line
  void take(const IniFile& file, const std::string& path);

  /// True when the option was given on the command line or in the config file.
  [[nodiscard]] bool given(std::string_view name) const;

  /// Of every rule that changed what was given: "protocol = published has values of its own: arch-lr is 3e-04, not
  /// 0.05".
  [[nodiscard]] const std::vector<std::string>& overruled() const { return overruled_; }

  [[nodiscard]] std::string help() const;
  /// Every sectioned option with its value now, as an INI file that `--config` reads back, with its explanation, and
  /// its default where that is another, as a comment.
  [[nodiscard]] std::string to_ini() const;

  /// Texts of options by name.
  using Values = std::map<std::string, std::vector<std::string>>;
  /// Every sectioned option's value now.
  [[nodiscard]] Values values() const;
  /// What of them determines results: equal results for equal identities, wherever the files lie.
  [[nodiscard]] Values identity() const;
  /// identity() after taking what a run recorded; keys that are no options here, another command's, are part of it.
  /// @throws InputError as take()
  [[nodiscard]] Values identity_of(IniFile recorded, const std::string& path);

 private:
  struct Option {
    std::string section, name, help, default_text;
    bool is_flag = false;
    bool is_list = false;
    bool is_required = false;
    bool is_free = false;
    bool was_given = false;
    std::function<void(const std::vector<std::string>&)> assign;  ///< @throws InputError
    std::function<std::vector<std::string>()> current;
    std::function<std::vector<std::string>()> identity;  ///< none: as current
  };

  struct Family {
    std::string prefix, help;
    std::function<void(const IniSection&, const std::string&)> take;
    std::function<std::string()> to_ini;
  };

  struct Rule {
    std::string name;
    std::function<void()> apply;
  };

  OptionSet& push(std::string_view name, std::string_view help, Option option);
  [[nodiscard]] Option* find(std::string_view name);
  [[nodiscard]] const Option* find(std::string_view name) const;
  [[nodiscard]] bool has_sections() const;
  void take_section(const IniSection& section, const std::string& path);
  void check_given() const;
  void apply_rules();
  [[nodiscard]] std::vector<std::string> names() const;

  std::string command_, summary_, section_;
  std::vector<Option> options_;
  std::vector<Family> families_;
  std::vector<Rule> rules_;
  std::vector<std::string> overruled_;
};

/// "seed (1 in the run, 2 given)", of every setting that differs.
[[nodiscard]] std::vector<std::string> differences(const OptionSet::Values& of_run, const OptionSet::Values& given);

template <class T>
OptionSet& OptionSet::add(std::string_view name, T& target, std::string_view help,
                          const std::type_identity_t<OptionText<T>>& form) {
  return push(name, help,
              {.assign = [&target, parse = form.parse](const auto& texts) { target = parse(texts.back()); },
               .current = [&target, text = form.text] { return std::vector{text(target)}; }});
}

template <class T>
OptionSet& OptionSet::add(std::string_view name, std::vector<T>& target, std::string_view help,
                          const std::type_identity_t<OptionText<T>>& form) {
  return push(name, help,
              {.is_list = true,
               .assign =
                   [&target, parse = form.parse](const auto& texts) {
                     std::vector<T> values;
                     for (const auto& text : texts) values.push_back(parse(text));
                     target = std::move(values);
                   },
               .current =
                   [&target, text = form.text] {
                     std::vector<std::string> texts;
                     for (const auto& value : target) texts.push_back(text(value));
                     return texts;
                   }});
}

template <class T>
OptionSet& OptionSet::add_choice(std::string_view name, T& target, const std::type_identity_t<Choices<T>>& choices,
                                 std::string_view help) {
  return add<T>(
      name, target, fmt::format("{} ({})", help, join(words_of(choices), " | ")),
      {[choices, what = fmt::format("option {}", name)](const auto& word) { return value_of(choices, word, what); },
       [choices](const T& value) { return word_of(choices, value); }});
}

template <class T>
OptionSet& OptionSet::add_choices(std::string_view name, std::vector<T>& target,
                                  const std::type_identity_t<Choices<T>>& choices, std::string_view help) {
  return add<std::vector<T>>(name, target, fmt::format("{} ({})", help, join(words_of(choices), " | ")),
                             {[choices, what = fmt::format("a value of option {}", name)](const auto& text) {
                                std::vector<T> values;
                                for (const auto& word : split(text, ','))
                                  values.push_back(value_of(choices, word, what));
                                if (values.empty())
                                  throw InputError(
                                      fmt::format("{} is missing: the list is empty", what),
                                      fmt::format("give one or more of {}", join(words_of(choices), ", ")));
                                return values;
                              },
                              [choices](const std::vector<T>& values) {
                                std::vector<std::string> words;
                                for (const auto& value : values) words.push_back(word_of(choices, value));
                                return join(words, ",");
                              }});
}

}  // namespace harmonic
