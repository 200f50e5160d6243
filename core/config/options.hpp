#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <optional>
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

/// The values that one text lists: between its commas. An empty text lists none.
[[nodiscard]] std::vector<std::string> listed_values(const std::string& text);
/// Those of named values that hold commas themselves: "gpu=a.json,2,cpu=b.json" lists two, a name and "=" begin each.
[[nodiscard]] std::vector<std::string> listed_named_values(const std::string& text);
/// The text as its only value, commas and all.
[[nodiscard]] std::vector<std::string> whole_value(const std::string& text);

/// How values of a type are written. `text` gives what `parse` reads back; `parse` throws InputError.
template <class T>
struct OptionText {
  std::function<T(const std::string&)> parse;
  std::function<std::string(const T&)> text;
  /// Of a list: the values that a text of several holds.
  std::function<std::vector<std::string>(const std::string&)> values = listed_values;
};
/// Texts with commas in them.
extern const OptionText<std::string> kWholeTexts;

/// What becomes of a path that is named by a value.
using PathChange = std::function<std::string(const std::string& path)>;

/// Settings in force of a run, as it keeps them.
struct RecordedSettings {
  std::string text;  ///< INI
  std::string path;  ///< where they stand, for messages; paths in the text are relative to its folder
};

/// The options of one subcommand: declared once, each with its section, default, unit and explanation, and from that
/// read from the command line (`--name value`), from the INI files given by `--config` (`name = value` under
/// `[section]`), shown by `--help`, and written back (`--print-config`, config.cfg of a run). Command line over the
/// last file over those before over default. A list may be given with commas, repeated, or both. Sections of other
/// commands are passed over: one file may serve them all.
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
  /// A time, as parse_seconds reads it; `range` in seconds.
  OptionSet& add_seconds(std::string_view name, double& target, std::string_view help, OptionRange<double> range = {});
  OptionSet& add(std::string_view name, std::uint64_t& target, std::string_view help);
  /// `--name` or `--name=false` on the command line, `name = true` in a file.
  OptionSet& add(std::string_view name, bool& target, std::string_view help);
  /// A list: what the command line gives replaces what a file does.
  OptionSet& add(std::string_view name, std::vector<std::string>& target, std::string_view help);
  /// List of whole numbers.
  OptionSet& add(std::string_view name, std::vector<int>& target, std::string_view help);
  /// A value of any type.
  template <class T>
  OptionSet& add(std::string_view name, T& target, std::string_view help,
                 const std::type_identity_t<OptionText<T>>& form);
  /// List of values of any type; written a line each.
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
  /// List of words, one or more, each of which stands for a value.
  template <class T>
  OptionSet& add_choices(std::string_view name, std::vector<T>& target, const std::type_identity_t<Choices<T>>& choices,
                         std::string_view help);

  /// Sections [prefix.NAME] of a config file, as many as the user likes. They are read before all others, which may
  /// name them.
  /// @param take gets one, and the file's name for messages; returns notices
  /// @param to_ini those in force, as to_ini() writes them
  OptionSet& add_family(
      std::string prefix, std::string help,
      std::function<std::vector<std::string>(const IniSection& section, const std::string& path)> take,
      std::function<std::string()> to_ini);

  /// Some values decide others. `apply` does that to the targets once all of them are read, before any is shown or
  /// hashed; what it changes though it was given is told by notices().
  /// @param name what decides, for messages: "protocol = published"
  OptionSet& add_rule(std::string name, std::function<void()> apply);

  // Of the option added last:
  /// It must be given: on the command line, or in the file when it has a section.
  OptionSet& required();
  /// It changes no result: not part of identity().
  OptionSet& free();
  /// Its values name files. Their paths determine no result (what the files hold does); in a config file they are
  /// relative to its folder, or with "cwd:" in front to the current one.
  /// @param change gives a value's text with every path in it changed
  OptionSet& names_files(std::function<std::string(const std::string& text, const PathChange& change)> change);
  /// What of its values determines results, where that is not what was given; none: now it determines nothing.
  OptionSet& identified_by(std::function<std::vector<std::string>()> values);
  /// It does nothing while `why` gives a reason ("optimizer is adam"): who gave it is told so by notices().
  OptionSet& idle_while(std::function<std::string()> why);

  /// Where a run goes on, what it recorded is in force wherever nothing given says otherwise. `find` is asked once the
  /// options outside of sections are read: they tell which run, if any. @throws InputError, as `find` does
  OptionSet& recorded_by(std::function<std::optional<RecordedSettings>()> find);

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

  /// What was given in vain: "protocol = published has values of its own: arch-lr is 3e-04, not 0.05", "config file
  /// c.cfg, line 7: momentum does nothing: optimizer is adam".
  [[nodiscard]] const std::vector<std::string>& notices() const { return notices_; }
  /// Of those the second kind, now.
  [[nodiscard]] std::vector<std::string> idle() const;

  /// Whether the files that the values name can be read. @throws InputError naming the option or key, the file, and the
  ///   folder it was looked for in
  void check_files() const;

  [[nodiscard]] std::string help() const;
  /// Every sectioned option with its value now, as an INI file that `--config` reads back wherever it lies, with its
  /// explanation, and its default where that is another, as a comment.
  [[nodiscard]] std::string to_ini() const;

  /// Texts of options by name.
  using Values = std::map<std::string, std::vector<std::string>>;
  /// Every sectioned option's value now.
  [[nodiscard]] Values values() const;
  /// The options of a section, in order of their names.
  [[nodiscard]] std::vector<std::string> keys(std::string_view section) const;
  /// What of them determines results: equal results for equal identities, wherever the files lie.
  [[nodiscard]] Values identity() const;
  /// identity() after taking what a run recorded; keys that are no options here, another command's, are part of it.
  /// @throws InputError as take()
  [[nodiscard]] Values identity_of(IniFile recorded, const std::string& path);

 private:
  /// A text that was given, and where.
  struct GivenText {
    std::string text;
    std::string where;             ///< "config file c.cfg, line 7", "option --device"
    std::filesystem::path folder;  ///< that its paths are relative to; empty: the current one
  };

  struct Option {
    std::string section, name, help, default_text;
    bool is_flag = false;
    bool is_list = false;
    bool is_required = false;
    bool is_free = false;
    std::vector<GivenText> given;                                                  ///< one a value; empty: the default
    std::function<std::vector<std::string>(const std::string&)> values;            ///< of a list's text
    std::function<void(const std::vector<std::string>&)> assign;                   ///< @throws InputError
    std::function<std::vector<std::string>()> current;                             ///< texts, as files hold them
    std::function<std::string(const std::string&, const PathChange&)> with_paths;  ///< none: it names no files
    std::function<std::vector<std::string>()> identity;                            ///< none: as `current`
    std::function<std::string()> why_idle;                                         ///< none: it never is
    bool was_given = false;
  };

  struct Family {
    std::string prefix, help;
    std::function<std::vector<std::string>(const IniSection&, const std::string&)> take;
    std::function<std::string()> to_ini;
  };

  struct Rule {
    std::string name;
    std::function<void()> apply;
  };

  /// A config file, read.
  struct Config {
    IniFile sections;
    std::string path;
  };

  OptionSet& push(std::string_view name, std::string_view help, Option option);
  /// A list that is written in one line, with commas.
  template <class T>
  OptionSet& add_line(std::string_view name, std::vector<T>& target, std::string_view help, const OptionText<T>& form,
                      std::function<void(const std::vector<T>&)> check = {});
  [[nodiscard]] Option* find(std::string_view name);
  [[nodiscard]] const Option* find(std::string_view name) const;
  [[nodiscard]] bool has_sections() const;
  [[nodiscard]] const Family* family_of(const IniSection& section) const;
  static void give(Option& option, const std::vector<GivenText>& texts);
  void take(const std::vector<Config>& files);
  void take_section(const IniSection& section, const std::string& path);
  [[nodiscard]] std::string mend_of_key(const std::string& key, const std::string& section) const;
  [[nodiscard]] std::string mend_of_section(const std::string& name) const;
  void check_given() const;
  void apply_rules();
  [[nodiscard]] std::vector<std::string> names() const;

  std::string command_, summary_, section_;
  std::vector<Option> options_;
  std::vector<Family> families_;
  std::vector<Rule> rules_;
  std::function<std::optional<RecordedSettings>()> recorded_;  ///< none: the command's results are no runs
  std::vector<std::string> notices_;
};

/// Logs them as warnings.
void say_notices(const OptionSet& options);

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
               .values = form.values,
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
OptionSet& OptionSet::add_line(std::string_view name, std::vector<T>& target, std::string_view help,
                               const OptionText<T>& form, std::function<void(const std::vector<T>&)> check) {
  return push(name, help,
              {.is_list = true,
               .values = form.values,
               .assign =
                   [&target, parse = form.parse, check = std::move(check)](const auto& texts) {
                     std::vector<T> values;
                     for (const auto& text : texts) values.push_back(parse(text));
                     if (check) check(values);
                     target = std::move(values);
                   },
               .current =
                   [&target, text = form.text] {
                     std::vector<std::string> texts;
                     for (const auto& value : target) texts.push_back(text(value));
                     return std::vector{join(texts, ",")};
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
  const std::string what = fmt::format("a value of option {}", name);
  return add_line<T>(name, target, fmt::format("{} ({})", help, join(words_of(choices), " | ")),
                     {[choices, what](const auto& word) { return value_of(choices, word, what); },
                      [choices](const T& value) { return word_of(choices, value); }},
                     [choices, what](const std::vector<T>& values) {
                       if (values.empty())
                         throw InputError(fmt::format("{} is missing: the list is empty", what),
                                          fmt::format("give one or more of {}", join(words_of(choices), ", ")));
                     });
}

}  // namespace harmonic
