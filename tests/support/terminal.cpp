#include "tests/support/terminal.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>

#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/seconds_since.hpp"

namespace harmonic::testing {

std::string Shown::text() const {
  std::string all;
  for (const auto& piece : pieces) all += piece.text;
  return all;
}

double Shown::longest_silence() const {
  double longest = 0, last = 0;
  for (const auto& piece : pieces) {
    longest = std::max(longest, piece.seconds - last);
    last = piece.seconds;
  }
  return longest;
}

Shown run_on_terminal(const std::vector<std::string>& command, int columns, const std::string& interrupt_at) {
  const auto start = std::chrono::steady_clock::now();
  winsize size{.ws_row = 24, .ws_col = static_cast<unsigned short>(columns), .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t pid = forkpty(&terminal, nullptr, nullptr, &size);
  if (pid < 0) throw std::runtime_error("forkpty failed");
  if (pid == 0) {
    std::vector<char*> argv;
    for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  Shown shown;
  bool interrupted = interrupt_at.empty();
  std::array<char, 4096> buffer{};
  for (ssize_t count = 0; (count = read(terminal, buffer.data(), buffer.size())) > 0;) {
    shown.pieces.push_back({seconds_since(start), std::string(buffer.data(), static_cast<std::size_t>(count))});
    if (interrupted || shown.text().find(interrupt_at) == std::string::npos) continue;
    interrupted = write(terminal, "\x03", 1) == 1;
  }
  int status = 0;
  waitpid(pid, &status, 0);
  close(terminal);
  shown.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  shown.seconds = seconds_since(start);
  return shown;
}

}  // namespace harmonic::testing
