#include "core/base/log.hpp"

#include <cstdio>
#include <mutex>
#include <string>

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

void clear_line(State& s) {
  if (s.line_shown) std::fputs("\r\033[K", stderr);
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

void progress(std::string_view line) {
  if (!stderr_is_terminal()) return;
  State& s = state();
  const std::lock_guard lock(s.mutex);
  fmt::print(stderr, "\r\033[K{}", line);
  std::fflush(stderr);
  s.line_shown = true;
}

bool stderr_is_terminal() {
  static const bool terminal = isatty(STDERR_FILENO) != 0;
  return terminal;
}

}  // namespace harmonic::log
