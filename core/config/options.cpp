#include "core/config/options.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/storage/foreign_content.hpp"

namespace harmonic {
namespace po = boost::program_options;
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

bool parse_bool(const std::string& text, const std::string& what) {
  if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  throw InputError(fmt::format("{} is '{}'", what, text), "give true or false");
}

/// Whose sections they are, so that a file that is given to the wrong command is known.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kCommandOfSection = {
    {{"run", "harmonic search"},
     {"hardware", "harmonic search"},
     {"evolution", "harmonic search"},
     {"fusion", "harmonic search"},
     {"reproduce", "harmonic reproduce"},
     {"supernet", "harmonic supernet train"}}};

IniFile read_config(const std::string& path) {
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path))
    throw InputError(fmt::format("cannot read the config file {}", path), "check the path given to --config");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  refuse_foreign(path, text, "a config file");
  return parse_ini(text, fmt::format("config file {}", path));
}

}  // namespace

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
  return add<std::vector<int>>(name, target, help,
                               {[what = fmt::format("a value of option {}", name)](const auto& text) {
                                  std::vector<int> numbers;
                                  for (const auto& part : split(text, ',')) numbers.push_back(parse_int(part, what));
                                  return numbers;
                                },
                                [](const auto& numbers) { return fmt::format("{}", fmt::join(numbers, ",")); }});
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
                                 std::function<void(const IniSection&, const std::string&)> take,
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

OptionSet& OptionSet::identified_by(std::function<std::vector<std::string>()> values) {
  options_.back().identity = std::move(values);
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

void OptionSet::take(const IniFile& file, const std::string& path) {
  const auto family_of = [&](const IniSection& section) {
    return std::ranges::find_if(families_, [&](const Family& f) { return section.name.starts_with(f.prefix + "."); });
  };
  for (const auto& section : file)
    if (const auto family = family_of(section); family != families_.end()) family->take(section, path);
  for (const auto& section : file)
    if (family_of(section) == families_.end()) take_section(section, path);
}

void OptionSet::take_section(const IniSection& section, const std::string& path) {
  const bool known_section = std::ranges::find(options_, section.name, &Option::section) != options_.end();
  for (const auto& [name, command] : kCommandOfSection)
    if (!known_section && name == section.name)
      throw InputError(fmt::format("config file {}, line {}: [{}] is a section of {}, not of {}", path, section.line,
                                   name, command, command_),
                       "give that command the file, this one a file of its own");
  // A key below it is refused by its own name, and may only stand in the wrong section.
  if (section.entries.empty() && !known_section) {
    std::vector<std::string> known;
    for (const auto& option : options_)
      if (!option.section.empty()) known.push_back(option.section);
    throw InputError(fmt::format("config file {}, line {}: unknown section [{}]", path, section.line, section.name),
                     known.empty() ? fmt::format("{} takes none", command_)
                                   : fmt::format("did you mean [{}]?", nearest(section.name, known)));
  }
  for (const auto& entry : section.entries) {
    const auto refused = [&](const std::string& what, const std::string& mend) {
      return InputError(fmt::format("config file {}, line {}: {}", path, entry.line, what), mend);
    };
    Option* option = find(entry.key);
    if (option == nullptr || option->section.empty()) {
      std::vector<std::string> known;
      for (const auto& o : options_)
        if (!o.section.empty()) known.push_back(o.name);
      throw refused(fmt::format("unknown key '{}' in [{}]", entry.key, section.name),
                    fmt::format("did you mean {}?", nearest(entry.key, known)));
    }
    if (option->section != section.name)
      throw refused(fmt::format("key '{}' in [{}]", entry.key, section.name),
                    fmt::format("move it to [{}]", option->section));
    const auto values = section.values(entry.key);
    if (!option->is_list && values.size() > 1)
      throw refused(fmt::format("key '{}' stands there {} times", entry.key, values.size()), "keep one of them");
    try {
      option->assign(values);
    } catch (const InputError& e) {
      throw refused(e.what(), "");
    }
    option->was_given = true;
  }
}

OptionSet::Parsed OptionSet::parse(const std::vector<std::string>& args) {
  po::options_description description;
  description.add_options()("config", po::value<std::string>())("help,h", "");
  if (has_sections()) description.add_options()("print-config", "");
  for (const auto& option : options_) {
    auto* value = po::value<std::vector<std::string>>()->composing();
    if (option.is_flag) value->implicit_value({"true"}, "true");
    description.add_options()(option.name.c_str(), value);
  }
  using Style = po::command_line_style::style_t;
  const int style = Style::allow_long | Style::allow_short | Style::allow_dash_for_short | Style::long_allow_adjacent |
                    Style::long_allow_next | Style::short_allow_next;
  po::variables_map found;
  try {
    const auto parsed = po::command_line_parser(args).options(description).style(style).run();
    for (const auto& option : parsed.options)
      if (option.position_key >= 0)
        throw InputError(fmt::format("{}: '{}' belongs to no option", command_, option.value.front()),
                         fmt::format("write --OPTION VALUE; {} --help lists them all", command_));
    po::store(parsed, found);
  } catch (const po::unknown_option& e) {
    std::string name = e.get_option_name();
    name.erase(0, name.find_first_not_of('-'));
    throw InputError(fmt::format("unknown option '--{}' of {}", name, command_),
                     fmt::format("did you mean --{}? {} --help lists them all", nearest(name, names()), command_));
  } catch (const po::error& e) {
    throw InputError(fmt::format("{}: {}", command_, e.what()), fmt::format("see {} --help", command_));
  }
  if (found.count("help") != 0) {
    std::cout << help();
    return Parsed::help_printed;
  }
  if (found.count("config") != 0) {
    const auto path = found["config"].as<std::string>();
    take(read_config(path), path);
  }
  for (auto& option : options_) {
    if (found.count(option.name) == 0) continue;
    const auto values = found[option.name].as<std::vector<std::string>>();
    if (!option.is_list && values.size() > 1)
      throw InputError(fmt::format("option --{} is given {} times", option.name, values.size()), "keep one of them");
    option.assign(values);
    option.was_given = true;
  }
  apply_rules();
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
      overruled_.push_back(fmt::format("{} has values of its own: {}", rule.name, join(changes, "; ")));
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
    out += "  --config FILE\n        settings in INI form; options on the command line win over it\n";
  if (has_sections()) out += "  --print-config\n        print every setting in force as such a file, each explained\n";
  for (const auto& option : options_) {
    if (option.section != shown) {
      shown = option.section;
      if (!shown.empty()) out += fmt::format("\n[{}]\n", shown);
    }
    out += fmt::format("  --{}{}\n        {}", option.name,
                       option.is_flag   ? ""
                       : option.is_list ? " VALUE (repeated)"
                                        : " VALUE",
                       option.help);
    if (option.is_required) {
      out += " (required)";
    } else if (!option.default_text.empty()) {
      out += fmt::format(" [default: {}]", option.default_text);
    }
    out += '\n';
  }
  for (const auto& family : families_) out += fmt::format("\n[{}.NAME]\n        {}\n", family.prefix, family.help);
  return out;
}

OptionSet::Values OptionSet::values() const {
  Values all;
  for (const auto& option : options_)
    if (!option.section.empty()) all[option.name] = option.current();
  return all;
}

OptionSet::Values OptionSet::identity() const {
  Values all;
  for (const auto& option : options_)
    if (!option.section.empty() && !option.is_free)
      all[option.name] = option.identity ? option.identity() : option.current();
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
      const bool of_family =
          std::ranges::any_of(families_, [&](const Family& f) { return section.name.starts_with(f.prefix + "."); });
      const Option* option = find(entry.key);
      if (of_family || (option != nullptr && option->section == section.name)) return false;
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
      for (const auto& value : values) out += ini_line(option.name, value);
  }
  for (const auto& family : families_) out += family.to_ini();
  return out;
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
