#include "measured_child.hpp"

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/error.hpp"

namespace harmonic::bench {
namespace {

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}

rusage usage() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used;
}

/// The numbers as raw bytes; false when the other end is gone.
bool write_all(int fd, const std::vector<double>& numbers) {
  const auto* bytes = reinterpret_cast<const std::byte*>(numbers.data());
  std::size_t left = numbers.size() * sizeof(double);
  while (left > 0) {
    const ssize_t n = write(fd, bytes, left);
    if (n <= 0) return false;
    bytes += n;
    left -= static_cast<std::size_t>(n);
  }
  return true;
}

std::vector<double> read_all(int fd) {
  std::vector<double> numbers;
  double number = 0;
  std::size_t have = 0;
  for (ssize_t n = 0; (n = read(fd, reinterpret_cast<std::byte*>(&number) + have, sizeof(double) - have)) > 0;) {
    have += static_cast<std::size_t>(n);
    if (have < sizeof(double)) continue;
    numbers.push_back(number);
    have = 0;
  }
  return numbers;
}

}  // namespace

Clock Clock::now() {
  const auto used = usage();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(),
          seconds(used.ru_utime) + seconds(used.ru_stime)};
}

double peak_memory_mib() {
  return static_cast<double>(usage().ru_maxrss) / 1024;
}

std::vector<double> in_child(const std::function<std::vector<double>()>& work) {
  int ends[2];
  if (pipe(ends) != 0) throw RunError("no pipe to a child process");
  (void)std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw RunError("no child process");
  if (child == 0) {
    close(ends[0]);
    bool good = false;
    try {
      good = write_all(ends[1], work());
    } catch (const std::exception& e) {
      (void)std::fprintf(stderr, "%s\n", e.what());
    }
    (void)std::fflush(nullptr);
    _exit(good ? 0 : 1);
  }
  close(ends[1]);
  auto numbers = read_all(ends[0]);
  close(ends[0]);
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw RunError("a measured child process failed");
  return numbers;
}

}  // namespace harmonic::bench
