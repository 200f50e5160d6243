#include <iostream>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "master/commands/data_actions.hpp"

namespace harmonic {
namespace {

const std::vector<std::string> kActions = {"synth", "import", "show"};

constexpr std::string_view kHelp =
    "Makes, imports and shows data sets.\n\n"
    "Usage: harmonic data synth --out F.h5 [options]\n"
    "       harmonic data import SOURCE --in PATH --out F.h5 [options]\n"
    "       harmonic data show F.h5 [--check] [--json]\n\n"
    "Every one of them has --help.\n";

}  // namespace

ExitCode data_command(const Arguments& args) {
  if (args.empty())
    throw InputError("harmonic data names no action", fmt::format("give one of: {}", join(kActions, ", ")));
  const std::string& action = args.front();
  if (action == "--help" || action == "-h") {
    std::cout << kHelp;
    return ExitCode::done;
  }
  const Arguments rest(args.begin() + 1, args.end());
  if (action == "synth") return data_synth(rest);
  if (action == "import") return data_import(rest);
  if (action == "show") return data_show(rest);
  throw InputError(fmt::format("harmonic data knows no action '{}'", action),
                   fmt::format("did you mean {}? There are: {}", nearest(action, kActions), join(kActions, ", ")));
}

}  // namespace harmonic
