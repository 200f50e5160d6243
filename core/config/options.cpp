#include "core/config/options.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace po = boost::program_options;
namespace {

template <class T>
void check_range(T value, OptionRange<T> range, const std::string& name) {
  if (value < range.lowest || value > range.highest) {
    const std::string allowed = range.highest == std::numeric_limits<T>::max()
                                    ? fmt::format("at least {}", range.lowest)
                                    : fmt::format("between {} and {}", range.lowest, range.highest);
    throw InputError(fmt::format("option {} is {}", name, value), fmt::format("give a value {}", allowed));
  }
}

bool parse_bool(const std::string& text, const std::string& name) {
  if (text.empty() || text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  throw InputError(fmt::format("option {} is '{}'", name, text), "give true or false");
}

}  // namespace

OptionSet::OptionSet(std::string command, std::string summary)
    : command_(std::move(command)), summary_(std::move(summary)) {}

OptionSet& OptionSet::section(std::string_view name) {
  section_ = name;
  return *this;
}

OptionSet& OptionSet::push(Option option) {
  option.section = section_;
  options_.push_back(std::move(option));
  options_.back().default_text = join(options_.back().current(), ", ");
  return *this;
}

OptionSet& OptionSet::add(std::string_view name, std::string& target, std::string_view help) {
  return push({.name = std::string(name),
               .help = std::string(help),
               .assign = [&target](const auto& values) { target = values.back(); },
               .current = [&target] { return std::vector{target}; }});
}

OptionSet& OptionSet::add(std::string_view name, int& target, std::string_view help, OptionRange<int> range) {
  return push({.name = std::string(name),
               .help = std::string(help),
               .assign =
                   [&target, range, n = std::string(name)](const auto& values) {
                     const long value = parse_integer(values.back(), "option " + n);
                     check_range<long>(value, {range.lowest, range.highest}, n);
                     target = static_cast<int>(value);
                   },
               .current = [&target] { return std::vector{std::to_string(target)}; }});
}

OptionSet& OptionSet::add(std::string_view name, double& target, std::string_view help, OptionRange<double> range) {
  return push({.name = std::string(name),
               .help = std::string(help),
               .assign =
                   [&target, range, n = std::string(name)](const auto& values) {
                     const double value = parse_real(values.back(), "option " + n);
                     check_range(value, range, n);
                     target = value;
                   },
               .current = [&target] { return std::vector{shortest(target)}; }});
}

OptionSet& OptionSet::add(std::string_view name, std::uint64_t& target, std::string_view help) {
  return push({.name = std::string(name),
               .help = std::string(help),
               .assign =
                   [&target, n = std::string(name)](const auto& values) {
                     const long value = parse_integer(values.back(), "option " + n);
                     check_range<long>(value, {0, std::numeric_limits<long>::max()}, n);
                     target = static_cast<std::uint64_t>(value);
                   },
               .current = [&target] { return std::vector{std::to_string(target)}; }});
}

OptionSet& OptionSet::add(std::string_view name, bool& target, std::string_view help) {
  return push(
      {.name = std::string(name),
       .help = std::string(help),
       .is_flag = true,
       .assign = [&target, n = std::string(name)](const auto& values) { target = parse_bool(values.back(), n); },
       .current = [&target] { return std::vector<std::string>{target ? "true" : "false"}; }});
}

OptionSet& OptionSet::add(std::string_view name, std::vector<std::string>& target, std::string_view help) {
  return push({.name = std::string(name),
               .help = std::string(help),
               .is_list = true,
               .assign = [&target](const auto& values) { target = values; },
               .current = [&target] { return target; }});
}

OptionSet& OptionSet::add(std::string_view name, std::vector<int>& target, std::string_view help) {
  return push({.name = std::string(name),
               .help = std::string(help),
               .assign =
                   [&target, n = std::string(name)](const auto& values) {
                     std::vector<int> numbers;
                     for (const auto& part : split(values.back(), ','))
                       numbers.push_back(static_cast<int>(parse_integer(part, "a value of option " + n)));
                     target = std::move(numbers);
                   },
               .current = [&target] { return std::vector{fmt::format("{}", fmt::join(target, ","))}; }});
}

OptionSet& OptionSet::add_choice(std::string_view name, std::string& target, std::vector<std::string> choices,
                                 std::string_view help) {
  return push({.name = std::string(name),
               .help = fmt::format("{} ({})", help, fmt::join(choices, " | ")),
               .assign =
                   [&target, choices, n = std::string(name)](const auto& values) {
                     if (std::ranges::find(choices, values.back()) == choices.end())
                       throw InputError(fmt::format("option {} is '{}'", n, values.back()),
                                        fmt::format("did you mean {}? Choices: {}", nearest(values.back(), choices),
                                                    fmt::join(choices, ", ")));
                     target = values.back();
                   },
               .current = [&target] { return std::vector{target}; }});
}

OptionSet& OptionSet::add_words(std::string_view name, std::vector<std::string>& target,
                                std::vector<std::string> choices, std::string_view help) {
  return push({.name = std::string(name),
               .help = fmt::format("{} ({})", help, fmt::join(choices, " | ")),
               .assign =
                   [&target, choices, n = std::string(name)](const auto& values) {
                     std::vector<std::string> words;
                     for (const auto& part : split(values.back(), ',')) {
                       words.push_back(trim(part));
                       if (std::ranges::find(choices, words.back()) == choices.end())
                         throw InputError(fmt::format("option {} lists '{}'", n, words.back()),
                                          fmt::format("choices: {}", fmt::join(choices, ", ")));
                     }
                     target = std::move(words);
                   },
               .current = [&target] { return std::vector{join(target, ",")}; }});
}

OptionSet& OptionSet::add_family(std::string prefix, std::string help,
                                 std::function<void(const std::string&, const Values&, const std::string&)> define,
                                 std::function<std::string()> to_ini) {
  families_.push_back({std::move(prefix), std::move(help), std::move(define), std::move(to_ini)});
  return *this;
}

OptionSet& OptionSet::required() {
  options_.back().is_required = true;
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
  for (const auto& option : options_) all.push_back(option.name);
  return all;
}

bool OptionSet::given(std::string_view name) const {
  const Option* option = find(name);
  return option != nullptr && option->was_given;
}

void OptionSet::read_config(const std::string& path) {
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path))
    throw InputError(fmt::format("cannot read the config file {}", path), "check the path given to --config");
  Values values;
  try {
    const auto parsed = po::parse_config_file(file, po::options_description{}, /*allow_unregistered=*/true);
    for (const auto& entry : parsed.options) {
      auto& list = values[entry.string_key];
      for (const auto& value : entry.value) list.push_back(trim(value));
    }
  } catch (const po::error& e) {
    throw InputError(fmt::format("config file {}: {}", path, e.what()), "write it as [section] and key = value lines");
  }
  for (const auto& family : families_) {
    std::map<std::string, Values> sections;
    std::erase_if(values, [&](const auto& entry) {
      const auto& key = entry.first;
      if (!key.starts_with(family.prefix + ".")) return false;
      const auto begin = family.prefix.size() + 1, end = key.rfind('.');
      if (end < begin) return false;
      sections[key.substr(begin, end - begin)].insert(entry);
      return true;
    });
    for (const auto& [name, own] : sections) family.define(name, own, path);
  }
  take(values, path);
}

void OptionSet::take(const Values& values, const std::string& path) {
  for (const auto& [key, list] : values) {
    const auto dot = key.rfind('.');
    const std::string in_section = dot == std::string::npos ? "" : key.substr(0, dot);
    const std::string name = dot == std::string::npos ? key : key.substr(dot + 1);
    Option* option = find(name);
    if (option == nullptr || option->section.empty()) {
      std::vector<std::string> known;
      for (const auto& o : options_)
        if (!o.section.empty()) known.push_back(o.name);
      throw InputError(fmt::format("config file {} has an unknown key '{}' in [{}]", path, name, in_section),
                       fmt::format("did you mean {}?", nearest(name, known)));
    }
    if (option->section != in_section)
      throw InputError(fmt::format("config file {} has key '{}' in [{}]", path, name, in_section),
                       fmt::format("move it to [{}]", option->section));
    if (!option->is_list && list.size() > 1)
      throw InputError(fmt::format("config file {} has key '{}' {} times", path, name, list.size()),
                       "keep one of them");
    option->assign(list);
    option->was_given = true;
  }
}

OptionSet::Parsed OptionSet::parse(const std::vector<std::string>& args) {
  po::options_description description;
  description.add_options()("config", po::value<std::string>())("help,h", "");
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
    auto parsed = po::command_line_parser(args).options(description).style(style).positional({}).run();
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
  if (found.count("config") != 0) read_config(found["config"].as<std::string>());
  for (auto& option : options_) {
    if (found.count(option.name) == 0) continue;
    const auto values = found[option.name].as<std::vector<std::string>>();
    if (!option.is_list && values.size() > 1)
      throw InputError(fmt::format("option --{} is given {} times", option.name, values.size()), "keep one of them");
    option.assign(values);
    option.was_given = true;
  }
  for (const auto& option : options_) {
    if (option.is_required && !option.was_given)
      throw InputError(fmt::format("{} needs --{}", command_, option.name),
                       fmt::format("{}; see {} --help", option.help, command_));
  }
  return Parsed::ready;
}

std::string OptionSet::help() const {
  std::string out = fmt::format("{}\n\nUsage: {} [options]\n", summary_, command_);
  std::string shown = "-";
  const bool configurable = std::ranges::any_of(options_, [](const Option& o) { return !o.section.empty(); });
  if (configurable || !families_.empty())
    out += "  --config FILE\n        settings in INI form; options on the command line win over it\n";
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

std::map<std::string, std::vector<std::string>> OptionSet::values() const {
  std::map<std::string, std::vector<std::string>> all;
  for (const auto& option : options_)
    if (!option.section.empty()) all[option.name] = option.current();
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
    out += fmt::format("# {}\n", option.help);
    for (const auto& value : option.current()) out += fmt::format("{} = {}\n", option.name, value);
  }
  for (const auto& family : families_) out += family.to_ini();
  return out;
}

}  // namespace harmonic
