#pragma once

#include <filesystem>
#include <string_view>

#include <fmt/format.h>

namespace harmonic::log {

/// Logs are for people: stderr, and a file once one is opened. Results never go through here. What is for debugging
/// goes to the file alone; every single step (trace), only where the environment has HARMONIC_LOG=trace.
enum class Level { trace, debug, info, warning, error };

void set_level(Level level);
/// Also appends every line to this file. @throws InputError when it cannot be opened.
void open_file(const std::filesystem::path& path);
/// Ends what open_file began.
void close_file();
void write(Level level, std::string_view text);

template <class... Args>
void trace(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::trace, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

/// Whether a person sees stderr: it is a terminal, or the pipe of a launcher that draws on one (deploy/mpirun.sh, which
/// says so by the terminal's width in HARMONIC_TERMINAL_COLUMNS).
[[nodiscard]] bool is_watched();
/// One line that is redrawn in place where stderr is watched, cut to the terminal's width; nothing elsewhere. Other
/// lines replace it; an empty one removes it.
void redraw(std::string_view line);

}  // namespace harmonic::log
