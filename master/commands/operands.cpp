#include "master/commands/operands.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {

std::vector<std::string> take_operands(Arguments& args, const std::vector<std::string>& flags) {
  const auto takes_value = [&](const std::string& option) {
    const auto name = option.substr(std::min(option.find_first_not_of('-'), option.size()));
    return name != "help" && name != "h" && name.find('=') == std::string::npos &&
           std::ranges::find(flags, name) == flags.end();
  };
  std::vector<std::string> operands;
  Arguments options;
  for (std::size_t a = 0; a < args.size(); ++a) {
    if (!args[a].starts_with('-')) {
      operands.push_back(args[a]);
      continue;
    }
    options.push_back(args[a]);
    if (takes_value(args[a]) && a + 1 < args.size()) options.push_back(args[++a]);
  }
  args = std::move(options);
  return operands;
}

std::string one_run(const std::string& option, const std::vector<std::string>& words, const std::string& command) {
  const std::size_t named = words.size() + (option.empty() ? 0 : 1);
  if (named != 1)
    throw InputError(
        named == 0 ? fmt::format("{} names no run", command) : fmt::format("{} names {} runs", command, named),
        fmt::format("give one: {} RUN [options]", command));
  return words.empty() ? option : words.front();
}

}  // namespace harmonic
