// The program `harmonic` and its commands. Those that compute on ranks are another executable's, harmonic-compute
// beside it, so that the others start without LibTorch: at once, and in little memory.
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "master/commands/commands.hpp"
#include "master/guarded.hpp"
#include "master/simulate.hpp"

namespace harmonic {
namespace {

struct Command {
  std::string name;
  std::string summary;
  ExitCode (*run)(const Arguments&) = nullptr;                          ///< none: harmonic-compute's
  bool (*is_own)(const Arguments&) = [](const auto&) { return true; };  ///< words that are not harmonic-compute's
};

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      {"data", "make, import and show data sets", data_command},
      {"supernet", "train, import and evaluate weight-sharing backbones"},
      {"lut", "look-up tables of latency and energy", lut_command, needs_no_networks},
      {"search", "the main job: find the Pareto front"},
      {"simulate", "a search played without computing: schedules, utilisation, the master's own time"},
      {"reproduce", "the published tables, published beside measured", reproduce_command, reproduces_without_data},
      {"show", "a run in ten lines; a model's architecture, sizes and costs", show_command},
      {"status", "how a run is, from anywhere, also while it goes on", status_command},
      {"select", "the model of a run's front that is wanted: a knee, or the best within bounds", select_command},
      {"compare", "fronts of runs over one another, and over the published rows", compare_command},
      {"evaluate", "a kept model on a data set: metric with its interval, modalities alone and missing, classes"},
      {"export", "a trained model for deployment: ONNX, or LibTorch's own form"},
      {"report", "the report of a run as one HTML file", report_command},
      {"pareto", "fronts, crowding and hypervolume of a CSV", pareto_command},
  };
  return all;
}

std::string usage() {
  std::string text =
      "Harmonic: search for multimodal networks that are accurate, fast and frugal.\n\nUsage: harmonic COMMAND "
      "[options]\n\n";
  for (const auto& command : commands()) text += fmt::format("  {:<10} {}\n", command.name, command.summary);
  return text + "\nharmonic COMMAND --help lists a command's options.\n";
}

/// The command that the words begin with. @throws InputError naming the nearest
const Command& find_command(const std::string& word) {
  std::vector<std::string> names;
  for (const auto& command : commands()) {
    if (command.name == word) return command;
    names.push_back(command.name);
  }
  throw InputError(fmt::format("no command '{}'", word),
                   fmt::format("did you mean {}? harmonic --help lists them", nearest(word, names)));
}

/// This process becomes harmonic-compute, with the same words. @throws RunError when it is not there
[[noreturn]] void hand_over(char** argv) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "harmonic-compute";
  ::execv(program.c_str(), argv);
  throw RunError(
      fmt::format("cannot start {}: {}; it belongs beside harmonic", program.string(), std::strerror(errno)));
}

ExitCode run(int argc, char** argv) {
  const Arguments words(argv + 1, argv + argc);
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    std::cout << usage();
    return words.empty() ? ExitCode::bad_input : ExitCode::done;
  }
  if (words[0] == "--version") {
    std::cout << "harmonic " << program_version() << '\n';
    return ExitCode::done;
  }
  if (words[0] == "simulate") return simulate_command(argv[0], {words.begin() + 1, words.end()});
  const Command& command = find_command(words[0]);
  const Arguments args(words.begin() + 1, words.end());
  if (command.run == nullptr || !command.is_own(args)) hand_over(argv);
  return command.run(args);
}

}  // namespace
}  // namespace harmonic

int main(int argc, char** argv) {
  return static_cast<int>(harmonic::guarded(true, [&] { return harmonic::run(argc, argv); }));
}
