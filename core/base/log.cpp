#include "core/base/log.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include "core/base/error.hpp"

namespace harmonic::log {
namespace {

struct State {
  std::mutex mutex;
  Level level = Level::info;
  bool line_shown = false;
  std::shared_ptr<spdlog::logger> file;
};

State& state() {
  static State instance;
  return instance;
}

bool is_tracing() {
  static const bool is = [] {
    const char* wanted = std::getenv("HARMONIC_LOG");
    return wanted != nullptr && std::string_view(wanted) == "trace";
  }();
  return is;
}

/// Who sees stderr.
enum class Viewer { nobody, terminal, launcher };

constexpr int kUsualColumns = 80;

/// Of the launcher's terminal; 0: there is none, or no launcher.
int launcher_columns() {
  const char* word = std::getenv("HARMONIC_TERMINAL_COLUMNS");
  if (word == nullptr) return 0;
  const std::string_view text(word);
  int columns = 0;
  std::from_chars(text.data(), text.data() + text.size(), columns);
  return std::max(0, columns);
}

/// What a wrapper has sent to a file is no launcher's any more.
bool stderr_is_pipe() {
  struct stat status {};
  return fstat(STDERR_FILENO, &status) == 0 && S_ISFIFO(status.st_mode);
}

Viewer viewer() {
  static const Viewer is = isatty(STDERR_FILENO) != 0                   ? Viewer::terminal
                           : launcher_columns() > 0 && stderr_is_pipe() ? Viewer::launcher
                                                                        : Viewer::nobody;
  return is;
}

/// Of the terminal as it is now; a launcher's as it was at the start.
int columns() {
  if (viewer() == Viewer::launcher) return launcher_columns();
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsualColumns;
}

/// Leaves the last column free, at which terminals begin a new line. Cuts between words, and says so: half a number
/// would read as another one.
std::string cut(std::string_view line) {
  constexpr std::string_view kMore = " ...";
  const auto length = static_cast<std::size_t>(columns() - 1);
  if (line.size() <= length) return std::string(line);
  if (length <= kMore.size()) return std::string(kMore.substr(kMore.size() - length));
  const auto end = line.find_last_of(' ', length - kMore.size());
  return std::string(line.substr(0, end == std::string_view::npos ? 0 : line.find_last_not_of(' ', end) + 1)) +
         std::string(kMore);
}

/// A launcher removes it itself.
void clear_line(State& s) {
  if (s.line_shown && viewer() == Viewer::terminal) std::fputs("\r\033[K", stderr);
  s.line_shown = false;
}

}  // namespace

void set_level(Level level) {
  state().level = level;
}

void open_file(const std::filesystem::path& path) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string());
    s.file = std::make_shared<spdlog::logger>("file", sink);
    s.file->set_pattern("%Y-%m-%d %H:%M:%S %l %v");
    s.file->flush_on(spdlog::level::debug);
  } catch (const spdlog::spdlog_ex& e) {
    throw InputError(fmt::format("cannot write the log {}: {}", path.string(), e.what()), "check the folder's rights");
  }
}

void close_file() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.file.reset();
}

void write(Level level, std::string_view text) {
  if (level == Level::trace && !is_tracing()) return;
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (s.file) {
    const auto file_level = level == Level::error     ? spdlog::level::err
                            : level == Level::warning ? spdlog::level::warn
                                                      : spdlog::level::info;
    s.file->log(file_level, text);
  }
  if (level < s.level) return;
  clear_line(s);
  const char* prefix = level == Level::error     ? "harmonic: error: "
                       : level == Level::warning ? "harmonic: warning: "
                                                 : "";
  fmt::print(stderr, "{}{}\n", prefix, text);
}

bool is_watched() {
  return viewer() != Viewer::nobody;
}

void redraw(std::string_view line) {
  if (!is_watched()) return;
  State& s = state();
  const std::lock_guard lock(s.mutex);
  // A pipe passes on whole lines alone: the launcher knows one to redraw by its carriage return.
  const auto text =
      viewer() == Viewer::launcher ? fmt::format("\r{}\n", cut(line)) : fmt::format("\r\033[K{}", cut(line));
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
  s.line_shown = !line.empty();
}

}  // namespace harmonic::log
