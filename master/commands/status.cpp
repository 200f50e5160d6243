#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <sstream>
#include <thread>

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/options.hpp"
#include "core/storage/curves.hpp"
#include "core/storage/json_text.hpp"
#include "core/work/clock.hpp"
#include "core/work/stop_signal.hpp"
#include "master/commands/commands.hpp"
#include "master/commands/operands.hpp"
#include "master/run/run_folder.hpp"
#include "master/status/run_outlook.hpp"
#include "master/status/signs_of_life.hpp"

namespace harmonic {
namespace {

constexpr double kLook_s = 1;                     // between two looks
constexpr double kSilence_s = 3 * kStatusBeat_s;  // that means something: one beat may be late

/// Time of the run's status file, in seconds since 1970; 0 where there is none.
double touched_s(const RunPaths& paths) {
  struct stat file {};
  if (stat(paths.status().c_str(), &file) != 0) return 0;
  return static_cast<double>(file.st_mtim.tv_sec) + 1e-9 * static_cast<double>(file.st_mtim.tv_nsec);
}

/// A run under the eyes of one who waits.
class Watch {
 public:
  explicit Watch(RunPaths paths) : paths_(std::move(paths)) {}

  /// How it is now.
  RunOutlook look() {
    auto run = look_at(paths_);  // opens the status file, of which a network's file system then looks at the time anew
    if (run.state == "running") {
      signs_.look(touched_s(paths_), wall_time_s(), clock_());
      run.silent_s = signs_.silent_s();
    }
    return run;
  }
  /// Likewise, once it is certain whether it lives: takes seconds where it seems not to.
  RunOutlook look_until_certain() {
    auto run = look();
    while (run.silent_s && signs_.is_doubtful() && !stop_signal_seen()) {
      log::redraw(fmt::format("no sign of life for {}: looking for one", human_duration(*run.silent_s)));
      pause();
      run = look();
    }
    log::redraw("");
    return run;
  }
  /// Until the next look, or a wish to stop.
  static void pause() {
    for (double waited_s = 0; waited_s < kLook_s && !stop_signal_seen(); waited_s += 0.05)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }

 private:
  RunPaths paths_;
  Clock clock_ = steady_clock();
  SignsOfLife signs_{kSilence_s, kStatusBeat_s};
};

/// A text that replaces the one before on the terminal of stdout, on its second screen: the first comes back at the
/// end.
class RedrawnText {
 public:
  RedrawnText() { std::cout << "\033[?1049h\033[?25l"; }
  ~RedrawnText() { std::cout << "\033[?25h\033[?1049l" << std::flush; }
  RedrawnText(const RedrawnText&) = delete;
  RedrawnText& operator=(const RedrawnText&) = delete;

  /// As much of it as there is room for.
  void show(const std::string& text) {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) size.ws_row = 24, size.ws_col = 80;
    std::string shown = "\033[H", line;
    std::istringstream lines(text);
    for (int l = 1; l < size.ws_row && std::getline(lines, line); ++l)
      shown += line.substr(0, size.ws_col) + "\033[K\r\n";
    std::cout << shown << "\033[J" << std::flush;
  }
};

/// The code that a run of this state has, or would have, ended with.
ExitCode code_of(const RunOutlook& run) {
  if (run.state == "finished") return ExitCode::done;
  if (run.state == "stopped") return ExitCode::stopped;
  return run.exit_code == static_cast<int>(ExitCode::bad_input) ? ExitCode::bad_input : ExitCode::failed;
}

/// What is worth a line where nothing is redrawn.
std::string headline(const RunOutlook& run) {
  const auto lines = split(to_text(run), '\n');
  return lines.at(0) + "; " + lines.at(1);
}

/// Shows the run until it ends. @return how it ended last; as it is, after a wish to stop
RunOutlook watch(const RunPaths& paths, bool quietly) {
  Watch watched(paths);
  auto run = watched.look();
  const bool redraws = !quietly && isatty(STDOUT_FILENO) != 0;
  std::optional<RedrawnText> screen;
  if (redraws) screen.emplace();
  std::string before;
  for (; !run.has_ended() && !stop_signal_seen(); run = watched.look()) {
    if (screen) {
      screen->show(to_text(run) + "\nCtrl-C leaves; the run goes on\n");
    } else if (const auto key = fmt::format("{} {} {}", run.state, run.generation, run.silent_s.has_value());
               !quietly && key != before) {
      before = key;
      std::cout << headline(run) << std::endl;
    }
    Watch::pause();
  }
  return run;
}

}  // namespace

ExitCode status_command(const Arguments& args) {
  Arguments rest = args;
  const auto words = take_operands(rest, {"json", "watch"});
  std::string folder;
  bool watches = false, json = false;
  OptionSet options("harmonic status",
                    "Tells how a run is: from anywhere that sees its folder, also while it goes on. Reads, locks "
                    "nothing and writes nothing. A run whose folder says that it runs, but that has not touched it for "
                    "three of its beats, 15 s, and does not within two more under the eyes of this command, is told as "
                    "silent.");
  options.add("run", folder, "run directory of a search or a reproduction, where it is no word of its own");
  options.add(
      "watch", watches,
      "show it again and again until the run ends, and end with the run's exit code; 3 after Ctrl-C. A silent run "
      "is waited for: it may be resumed. Where stdout is no terminal a line a generation, with --json nothing "
      "before the end");
  options.add("json", json, "print one JSON object: the keys of status.json and more");
  if (options.parse(rest) == OptionSet::Parsed::help_printed) return ExitCode::done;
  const auto paths = run_in(one_run(folder, words, "harmonic status"));
  if (watches) catch_stop_signals();
  const auto run = watches ? watch(paths, json) : Watch(paths).look_until_certain();
  if (json) {
    std::cout << json_text(to_json(run)) << '\n';
  } else {
    std::cout << to_text(run);
  }
  if (!watches) return ExitCode::done;
  return run.has_ended() ? code_of(run) : ExitCode::stopped;
}

}  // namespace harmonic
