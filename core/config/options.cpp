#include "core/config/options.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

#include <unistd.h>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/likely_names.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/doubtful_values.hpp"
#include "core/config/known_keys.hpp"
#include "core/storage/foreign_content.hpp"

namespace harmonic {
namespace po = boost::program_options;
namespace fs = std::filesystem;
namespace {

const OptionText<std::string> kAsItIs = {[](const std::string& text) { return text; },
                                         [](const std::string& value) { return value; }};

template <class T>
T in_range(T value, OptionRange<T> range, const std::string& what) {
  if (value >= range.lowest && value <= range.highest) return value;
  const std::string allowed = range.highest == std::numeric_limits<T>::max()
                                  ? fmt::format("at least {}", range.lowest)
                                  : fmt::format("between {} and {}", range.lowest, range.highest);
  throw InputError(fmt::format("{} is {}", what, value), fmt::format("give a value {}", allowed));
}

bool parse_bool(std::string text, const std::string& what) {
  text = lower_case(std::move(text));
  if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  throw InputError(fmt::format("{} is '{}'", what, text),
                   "give true or false (yes and no, on and off, 1 and 0 serve, too)");
}

/// A list as other languages write it, in brackets.
std::string without_brackets(const std::string& text) {
  const auto bare = trim(text);
  const bool bracketed =
      (bare.starts_with('[') && bare.ends_with(']')) || (bare.starts_with('(') && bare.ends_with(')'));
  return bracketed ? trim(std::string_view(bare).substr(1, bare.size() - 2)) : text;
}

constexpr std::string_view kSpaces = "space";  ///< and, with a name behind a dot, the sections of search spaces

constexpr std::string_view kFromHere = "cwd:";  ///< in front of a path that is relative to the current folder
constexpr const char* kAnyPath = "*";           ///< in place of a path, which determines nothing

/// `folder`/`path` without what leads up and down again, unless a link lies in between.
fs::path joined(const fs::path& folder, const fs::path& path) {
  const auto whole = folder / path, shorter = whole.lexically_normal();
  std::error_code error;
  return fs::weakly_canonical(whole, error) == fs::weakly_canonical(shorter, error) ? shorter : whole;
}

/// As it was given somewhere whose paths are relative to `folder`.
std::string found_from(const fs::path& folder, const std::string& path) {
  if (path.starts_with(kFromHere)) return path.substr(kFromHere.size());
  return path.empty() || folder.empty() ? path : joined(folder, path).string();
}

std::string from_anywhere(const std::string& path) {
  return path.empty() ? path : joined(fs::current_path(), path).string();
}

/// Why a file cannot be read; nothing when it can.
std::string why_unreadable(const std::string& path) {
  if (access(path.c_str(), R_OK) != 0) return std::strerror(errno);
  return fs::is_directory(path) ? "it is a folder" : "";
}

bool has_word(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

std::string line_of(const std::string& path, int line) {
  return fmt::format("config file {}, line {}", path, line);
}

IniFile read_config(const std::string& path) {
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path))
    throw InputError(fmt::format("cannot read the config file {}", path), "check the path given to --config");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  refuse_foreign(path, text, "a config file");
  return parse_ini(text, fmt::format("config file {}", path));
}

}  // namespace

const OptionText<std::string> kWholeTexts = {kAsItIs.parse, kAsItIs.text, whole_value};

std::vector<std::string> listed_values(const std::string& text) {
  return split(text, ',');
}

std::vector<std::string> listed_named_values(const std::string& text) {
  std::vector<std::string> values;
  for (const auto& part : split(text, ',')) {
    if (values.empty() || part.find('=') != std::string::npos)
      values.push_back(part);
    else
      values.back() += "," + part;
  }
  return values;
}

std::vector<std::string> whole_value(const std::string& text) {
  return {text};
}

OptionSet::OptionSet(std::string command, std::string summary)
    : command_(std::move(command)), summary_(std::move(summary)) {}

OptionSet& OptionSet::section(std::string_view name) {
  section_ = name;
  return *this;
}

OptionSet& OptionSet::push(std::string_view name, std::string_view help, Option option) {
  option.section = section_;
  option.name = name;
  option.help = help;
  option.default_text = join(option.current(), ", ");
  options_.push_back(std::move(option));
  return *this;
}

OptionSet& OptionSet::add(std::string_view name, std::string& target, std::string_view help) {
  return add<std::string>(name, target, help, kAsItIs);
}

OptionSet& OptionSet::add(std::string_view name, int& target, std::string_view help, OptionRange<int> range) {
  return add<int>(
      name, target, help,
      {[range, what = fmt::format("option {}", name)](const auto& text) {
         return static_cast<int>(in_range<long>(parse_integer(text, what), {range.lowest, range.highest}, what));
       },
       [](int value) { return std::to_string(value); }});
}

OptionSet& OptionSet::add(std::string_view name, double& target, std::string_view help, OptionRange<double> range) {
  return add<double>(name, target, help,
                     {[range, what = fmt::format("option {}", name)](const auto& text) {
                        return in_range(parse_real(text, what), range, what);
                      },
                      shortest});
}

OptionSet& OptionSet::add_seconds(std::string_view name, double& target, std::string_view help,
                                  OptionRange<double> range) {
  return add<double>(name, target, help,
                     {[range, what = fmt::format("option {}", name)](const auto& text) {
                        return in_range(parse_seconds(text, what), range, what);
                      },
                      shortest});
}

OptionSet& OptionSet::add(std::string_view name, std::uint64_t& target, std::string_view help) {
  return add<std::uint64_t>(
      name, target, help,
      {[what = fmt::format("option {}", name)](const auto& text) {
         return static_cast<std::uint64_t>(in_range<long>(parse_integer(text, what), {.lowest = 0}, what));
       },
       [](std::uint64_t value) { return std::to_string(value); }});
}

OptionSet& OptionSet::add(std::string_view name, bool& target, std::string_view help) {
  add<bool>(name, target, help,
            {[what = fmt::format("option {}", name)](const auto& text) { return parse_bool(text, what); },
             [](bool value) { return value ? "true" : "false"; }});
  options_.back().is_flag = true;
  return *this;
}

OptionSet& OptionSet::add(std::string_view name, std::vector<std::string>& target, std::string_view help) {
  return add<std::string>(name, target, help, kAsItIs);
}

OptionSet& OptionSet::add(std::string_view name, std::vector<int>& target, std::string_view help) {
  return add_line<int>(
      name, target, help,
      {[what = fmt::format("a value of option {}", name)](const auto& text) { return parse_int(text, what); },
       [](int value) { return std::to_string(value); }});
}

OptionSet& OptionSet::add_choice(std::string_view name, std::string& target, const std::vector<std::string>& words,
                                 std::string_view help) {
  Choices<std::string> choices;
  for (const auto& word : words) choices.emplace_back(word, word);
  const std::string what = fmt::format("option {}", name);
  return add<std::string>(name, target, fmt::format("{} ({})", help, join(words, " | ")),
                          {[choices, what](const auto& word) { return value_of(choices, word, what); }, kAsItIs.text});
}

OptionSet& OptionSet::add_family(std::string prefix, std::string help,
                                 std::function<std::vector<std::string>(const IniSection&, const std::string&)> take,
                                 std::function<std::string()> to_ini) {
  families_.push_back({std::move(prefix), std::move(help), std::move(take), std::move(to_ini)});
  return *this;
}

OptionSet& OptionSet::add_rule(std::string name, std::function<void()> apply) {
  rules_.push_back({std::move(name), std::move(apply)});
  return *this;
}

OptionSet& OptionSet::required() {
  options_.back().is_required = true;
  return *this;
}

OptionSet& OptionSet::free() {
  options_.back().is_free = true;
  return *this;
}

OptionSet& OptionSet::names_files(std::function<std::string(const std::string&, const PathChange&)> change) {
  options_.back().with_paths = std::move(change);
  return *this;
}

OptionSet& OptionSet::identified_by(std::function<std::vector<std::string>()> values) {
  options_.back().identity = std::move(values);
  return *this;
}

OptionSet& OptionSet::idle_while(std::function<std::string()> why) {
  options_.back().why_idle = std::move(why);
  return *this;
}

OptionSet& OptionSet::recorded_by(std::function<std::optional<RecordedSettings>()> find) {
  recorded_ = std::move(find);
  return *this;
}

OptionSet::Option* OptionSet::find(std::string_view name) {
  const auto it = std::ranges::find(options_, name, &Option::name);
  return it == options_.end() ? nullptr : &*it;
}

const OptionSet::Option* OptionSet::find(std::string_view name) const {
  const auto it = std::ranges::find(options_, name, &Option::name);
  return it == options_.end() ? nullptr : &*it;
}

std::vector<std::string> OptionSet::names() const {
  std::vector<std::string> all = {"config", "help"};
  if (has_sections()) all.emplace_back("print-config");
  for (const auto& option : options_) all.push_back(option.name);
  return all;
}

bool OptionSet::given(std::string_view name) const {
  const Option* option = find(name);
  return option != nullptr && option->was_given;
}

bool OptionSet::has_sections() const {
  return std::ranges::any_of(options_, [](const Option& o) { return !o.section.empty(); });
}

const OptionSet::Family* OptionSet::family_of(const IniSection& section) const {
  const auto found =
      std::ranges::find_if(families_, [&](const Family& f) { return section.name.starts_with(f.prefix + "."); });
  return found == families_.end() ? nullptr : &*found;
}

void OptionSet::take(const IniFile& file, const std::string& path) {
  take({{file, path}});
}

void OptionSet::take(const std::vector<Config>& files) {
  const auto is_known = [&](const IniSection& section) {
    return family_of(section) != nullptr || section.name.starts_with(std::string(kSpaces) + ".") ||
           has_word(known_sections(), section.name) ||
           std::ranges::find(options_, section.name, &Option::section) != options_.end();
  };
  // Before any value: one that names a space is wrong when the section of that space is misspelt.
  for (const auto& [sections, path] : files)
    for (const auto& section : sections)
      if (!is_known(section))
        throw InputError(fmt::format("{}: unknown section [{}]", line_of(path, section.line), section.name),
                         mend_of_section(section.name));
  for (const auto& [sections, path] : files)
    for (const auto& section : sections)
      if (const auto* family = family_of(section); family != nullptr)
        for (auto& notice : family->take(section, path)) notices_.push_back(std::move(notice));
  for (const auto& [sections, path] : files)
    for (const auto& section : sections)
      if (family_of(section) == nullptr) take_section(section, path);
}

void OptionSet::give(Option& option, const std::vector<GivenText>& texts) {
  std::vector<GivenText> given;
  std::vector<std::string> values;
  for (const auto& [text, where, folder] : texts)
    for (auto& value : option.is_list ? option.values(without_brackets(text)) : whole_value(text)) {
      const auto found = [base = folder](const std::string& path) { return found_from(base, path); };
      values.push_back(option.with_paths ? option.with_paths(value, found) : value);
      given.push_back({std::move(value), where, folder});
    }
  option.assign(values);
  option.given = std::move(given);
  option.was_given = true;
}

std::string OptionSet::mend_of_section(const std::string& name) const {
  auto known = known_sections();
  known.emplace_back(kSpaces);
  for (const auto& option : options_)
    if (!option.section.empty()) known.push_back(option.section);
  const auto best = nearest(name.substr(0, name.find('.')), known);
  return fmt::format("did you mean [{}{}]?", best, best == kSpaces ? ".NAME" : "");
}

std::string OptionSet::mend_of_key(const std::string& key, const std::string& section) const {
  if (find(key) != nullptr) return fmt::format("give it on the command line: --{}", key);
  std::vector<std::string> known, elsewhere;
  for (const auto& option : options_) {
    if (option.section == section) known.push_back(option.name);
    if (!option.section.empty()) elsewhere.push_back(option.name);
  }
  if (!names_alike(key, known).empty()) return fmt::format("did you mean {}?", likely_names(key, known));
  for (const auto& other : known_sections())
    if (std::ranges::find(options_, other, &Option::section) == options_.end() && has_word(known_keys(other), key))
      return fmt::format("move it to [{}]", other);
  // Another section's key is meant where it is the same word but for a slip.
  const auto best = nearest(key, elsewhere);
  return fmt::format("did you mean {}{}?", best,
                     has_word(known, best) ? "" : fmt::format(" in [{}]", find(best)->section));
}

namespace {

/// Of a section that is another command's. @throws InputError naming a key that no command knows
void check_foreign(const IniSection& section, const std::string& path) {
  const auto known = known_keys(section.name);
  for (const auto& entry : section.entries) {
    if (has_word(known, entry.key)) continue;
    const auto owner = std::ranges::find_if(known_sections(),
                                            [&](const auto& other) { return has_word(known_keys(other), entry.key); });
    const bool is_elsewhere = owner != known_sections().end() && names_alike(entry.key, known).empty();
    throw InputError(fmt::format("{}: unknown key '{}' in [{}]", line_of(path, entry.line), entry.key, section.name),
                     is_elsewhere ? fmt::format("move it to [{}]", *owner)
                                  : fmt::format("did you mean {}?", likely_names(entry.key, known)));
  }
}

}  // namespace

void OptionSet::take_section(const IniSection& section, const std::string& path) {
  if (std::ranges::find(options_, section.name, &Option::section) == options_.end()) {
    if (!section.name.starts_with(std::string(kSpaces) + ".")) check_foreign(section, path);
    return;
  }
  // Of a file in the current folder, too: its paths are relative to it, and said to be.
  const fs::path folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : fs::path(".");
  std::set<std::string> taken;
  for (const auto& entry : section.entries) {
    if (!taken.insert(entry.key).second) continue;
    const auto refused = [&](const std::string& what, const std::string& mend) {
      return InputError(fmt::format("{}: {}", line_of(path, entry.line), what), mend);
    };
    Option* option = find(entry.key);
    if (option == nullptr || option->section.empty())
      throw refused(fmt::format("unknown key '{}' in [{}]", entry.key, section.name),
                    mend_of_key(entry.key, section.name));
    if (option->section != section.name)
      throw refused(fmt::format("key '{}' in [{}]", entry.key, section.name),
                    fmt::format("move it to [{}]", option->section));
    std::vector<GivenText> texts;
    for (const auto& same : section.entries)
      if (same.key == entry.key) texts.push_back({same.value, line_of(path, same.line), folder});
    if (!option->is_list && texts.size() > 1)
      throw refused(fmt::format("key '{}' stands there {} times", entry.key, texts.size()), "keep one of them");
    try {
      give(*option, texts);
    } catch (const InputError& e) {
      throw refused(e.what(), "");
    }
  }
}

namespace {

/// Without the dashes it begins with, a text editor's as well, and without a value: "population" of "–population=4".
std::string without_dashes(std::string word) {
  const auto dash_of = [&] {
    for (const std::string_view dash : {"-", "\u2010", "\u2011", "\u2013", "\u2014", "\u2212"})
      if (word.starts_with(dash)) return dash.size();
    return std::size_t{0};
  };
  for (auto dash = dash_of(); dash > 0; dash = dash_of()) word.erase(0, dash);
  return word.substr(0, word.find('='));
}

}  // namespace

OptionSet::Parsed OptionSet::parse(const std::vector<std::string>& args) {
  po::options_description description;
  description.add_options()("config", po::value<std::vector<std::string>>()->composing())("help,h", "");
  if (has_sections()) description.add_options()("print-config", "");
  for (const auto& option : options_) {
    auto* value = po::value<std::vector<std::string>>()->composing();
    if (option.is_flag) value->implicit_value({"true"}, "true");
    description.add_options()(option.name.c_str(), value);
  }
  using Style = po::command_line_style::style_t;
  const int style = Style::allow_long | Style::allow_short | Style::allow_dash_for_short | Style::long_allow_adjacent |
                    Style::long_allow_next | Style::short_allow_next;
  // Of a word that has other dashes than two plain ones; nothing of other words.
  const auto check_dashes = [&](const std::string& word) {
    const auto name = without_dashes(word);
    const bool has_none = name.size() == word.substr(0, word.find('=')).size();
    if (has_none || word.starts_with("--" + name) || !has_word(names(), name)) return;
    throw InputError(fmt::format("{} has no option '{}'", command_, word),
                     fmt::format("options begin with two plain dashes: --{}", name));
  };
  po::variables_map found;
  try {
    const auto parsed = po::command_line_parser(args).options(description).style(style).run();
    for (const auto& option : parsed.options)
      if (option.position_key >= 0) {
        check_dashes(option.value.front());
        throw InputError(fmt::format("{}: '{}' belongs to no option", command_, option.value.front()),
                         fmt::format("write --OPTION VALUE; {} --help lists them all", command_));
      }
    po::store(parsed, found);
  } catch (const po::unknown_option& e) {
    const auto name = without_dashes(e.get_option_name());
    for (const auto& word : args)
      if (without_dashes(word) == name) check_dashes(word);
    throw InputError(fmt::format("unknown option '--{}' of {}", name, command_),
                     fmt::format("did you mean --{}? {} --help lists them all", likely_names(name, names()), command_));
  } catch (const po::error& e) {
    throw InputError(fmt::format("{}: {}", command_, e.what()), fmt::format("see {} --help", command_));
  }
  if (found.count("help") != 0) {
    std::cout << help();
    return Parsed::help_printed;
  }
  const auto take_given = [&](bool in_sections) {
    for (auto& option : options_) {
      if (found.count(option.name) == 0 || option.section.empty() == in_sections) continue;
      const auto values = found[option.name].as<std::vector<std::string>>();
      if (!option.is_list && values.size() > 1)
        throw InputError(fmt::format("option --{} is given {} times", option.name, values.size()), "keep one of them");
      std::vector<GivenText> texts;
      for (const auto& value : values) texts.push_back({value, fmt::format("option --{}", option.name), {}});
      give(option, texts);
    }
  };
  take_given(/*in_sections=*/false);
  std::vector<Config> files;
  if (recorded_)
    if (const auto recorded = recorded_())
      files.push_back({parse_ini(recorded->text, "config file " + recorded->path), recorded->path});
  if (found.count("config") != 0)
    for (const auto& path : found["config"].as<std::vector<std::string>>()) files.push_back({read_config(path), path});
  take(files);
  take_given(/*in_sections=*/true);
  apply_rules();
  for (auto& notice : idle()) notices_.push_back(std::move(notice));
  if (found.count("print-config") != 0) {
    std::cout << to_ini();
    return Parsed::help_printed;
  }
  check_given();
  return Parsed::ready;
}

void OptionSet::apply_rules() {
  for (const auto& rule : rules_) {
    const auto before = values();
    rule.apply();
    std::vector<std::string> changes;
    for (const auto& [name, now] : values())
      if (const auto& was = before.at(name); was != now && given(name))
        changes.push_back(fmt::format("{} is {}, not {}", name, join(now, " "), join(was, " ")));
    if (!changes.empty())
      notices_.push_back(fmt::format("{} has values of its own: {}", rule.name, join(changes, "; ")));
  }
}

std::vector<std::string> OptionSet::idle() const {
  std::vector<std::string> notices;
  for (const auto& option : options_) {
    if (!option.why_idle || option.given.empty() || join(option.current(), ", ") == option.default_text) continue;
    const auto why = option.why_idle();
    if (why.empty()) continue;
    const auto& where = option.given.front().where;
    notices.push_back(where.starts_with("option ") ? fmt::format("{} does nothing: {}", where, why)
                                                   : fmt::format("{}: {} does nothing: {}", where, option.name, why));
  }
  return notices;
}

void OptionSet::check_files() const {
  for (const auto& option : options_) {
    if (!option.with_paths) continue;
    for (const auto& [text, where, folder] : option.given) {
      const auto check = [&](const std::string& path) {
        if (path.empty()) return path;
        const auto why = why_unreadable(found_from(folder, path));
        if (why.empty()) return path;
        const bool from_here = folder.empty() || path.starts_with(kFromHere);
        const auto looked_in = fs::path(path).is_absolute() ? fs::path(path).parent_path()
                               : from_here                  ? fs::current_path()
                                                            : joined(fs::current_path(), folder);
        throw InputError(
            fmt::format("{}: {} names {}, looked for in {}: {}", where, option.name, path, looked_in.string(), why),
            folder.empty() || fs::path(path).is_absolute()
                ? "check the path"
                : fmt::format("check the path: in a config file it is relative to the file's folder, with {} in front "
                              "to the current one",
                              kFromHere));
      };
      (void)option.with_paths(text, check);
    }
  }
}

void OptionSet::check_given() const {
  for (const auto& option : options_)
    if (option.is_required && !option.was_given)
      throw InputError(fmt::format("{} needs --{}", command_, option.name),
                       fmt::format("{}; see {} --help", option.help, command_));
}

std::string OptionSet::help() const {
  std::string out = fmt::format("{}\n\nUsage: {} [options]\n", summary_, command_);
  std::string shown = "-";
  if (has_sections() || !families_.empty())
    out +=
        "  --config FILE (repeated)\n        settings in INI form; of several files the last wins, options on the "
        "command "
        "line over them all; paths in it are relative to its folder, with cwd: in front to the current one\n";
  if (has_sections()) out += "  --print-config\n        print every setting in force as such a file, each explained\n";
  for (const auto& option : options_) {
    if (option.section != shown) {
      shown = option.section;
      if (!shown.empty()) out += fmt::format("\n[{}]\n", shown);
    }
    out += fmt::format("  --{}{}\n        {}", option.name,
                       option.is_flag   ? ""
                       : option.is_list ? " VALUE,… (or repeated)"
                                        : " VALUE",
                       option.help);
    if (option.is_required) {
      out += " (required)";
    } else if (!option.default_text.empty()) {
      out += fmt::format(" [default: {}]", option.default_text);
    }
    if (option.is_free && recorded_) out += " [a run may go on with another]";
    out += '\n';
  }
  for (const auto& family : families_) out += fmt::format("\n[{}.NAME]\n        {}\n", family.prefix, family.help);
  return out;
}

std::vector<std::string> OptionSet::keys(std::string_view section) const {
  std::vector<std::string> found;
  for (const auto& option : options_)
    if (!section.empty() && option.section == section) found.push_back(option.name);
  std::ranges::sort(found);
  return found;
}

OptionSet::Values OptionSet::values() const {
  Values all;
  for (const auto& option : options_)
    if (!option.section.empty()) all[option.name] = option.current();
  return all;
}

OptionSet::Values OptionSet::identity() const {
  const auto any_path = [](const std::string& path) { return path.empty() ? path : std::string(kAnyPath); };
  Values all;
  for (const auto& option : options_)
    if (!option.section.empty() && !option.is_free) {
      auto texts = option.identity ? option.identity() : option.current();
      if (option.identity && texts.empty()) continue;
      if (option.with_paths)
        for (auto& text : texts) text = option.with_paths(text, any_path);
      all[option.name] = std::move(texts);
    }
  for (const auto& family : families_)
    for (const auto& section : parse_ini(family.to_ini(), family.prefix))
      for (const auto& entry : section.entries)
        all[fmt::format("[{}] {}", section.name, entry.key)].push_back(entry.value);
  return all;
}

OptionSet::Values OptionSet::identity_of(IniFile recorded, const std::string& path) {
  Values foreign;
  for (auto& section : recorded)
    std::erase_if(section.entries, [&](const IniEntry& entry) {
      const Option* option = find(entry.key);
      if (family_of(section) != nullptr || (option != nullptr && option->section == section.name)) return false;
      foreign[entry.key].push_back(entry.value);
      return true;
    });
  std::erase_if(recorded, [](const IniSection& section) { return section.entries.empty(); });
  take(recorded, path);
  apply_rules();
  auto all = identity();
  all.merge(foreign);
  return all;
}

std::string OptionSet::to_ini() const {
  std::string out;
  std::string shown;
  for (const auto& option : options_) {
    if (option.section.empty()) continue;
    if (option.section != shown) {
      shown = option.section;
      out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", shown);
    }
    const auto values = option.current();
    const bool is_default = join(values, ", ") == option.default_text;
    out += ini_comment(is_default || option.default_text.empty()
                           ? option.help
                           : fmt::format("{} [default: {}]", option.help, option.default_text));
    // What has no value yet would not be read back.
    if (values.empty() || (option.is_required && values.front().empty()))
      out += fmt::format("# {} =\n", option.name);
    else
      for (const auto& value : values)
        out += ini_line(option.name, option.with_paths ? option.with_paths(value, from_anywhere) : value);
  }
  for (const auto& family : families_) out += family.to_ini();
  return out;
}

void say_notices(const OptionSet& options) {
  for (const auto& notice : options.notices()) log::warning("{}", notice);
  for (const auto& value : doubtful_values(options)) log::warning("{}", value);
}

std::vector<std::string> differences(const OptionSet::Values& of_run, const OptionSet::Values& given) {
  std::set<std::string> names;
  for (const auto& values : {of_run, given})
    for (const auto& [name, texts] : values) names.insert(name);
  const auto text_of = [](const OptionSet::Values& values, const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : join(found->second, " ");
  };
  std::vector<std::string> found;
  for (const auto& name : names)
    if (const auto before = text_of(of_run, name), now = text_of(given, name); before != now)
      found.push_back(fmt::format("{} ({} in the run, {} given)", name, before.empty() ? "none" : before,
                                  now.empty() ? "none" : now));
  return found;
}

}  // namespace harmonic
