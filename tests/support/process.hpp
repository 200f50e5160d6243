#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace harmonic::testing {

struct Finished {
  int exit_code = -1;  ///< 128 + signal when one ended it
  std::string out, err;
};

/// A program that was started; killed with all its descendants when this goes out of scope.
class Process {
 public:
  explicit Process(const std::vector<std::string>& command);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  Finished wait();

  /// Sends a signal to the program alone / to it and every descendant.
  void signal(int number);
  void kill_all();
  /// The descendant that is this MPI rank; 0 when there is none (yet).
  [[nodiscard]] pid_t rank(int number) const;
  /// The program and every descendant that it has now.
  [[nodiscard]] std::vector<pid_t> family() const;

 private:
  void reap(bool block);

  pid_t pid_ = 0;
  bool reaped_ = false;
  int status_ = 0;
  std::filesystem::path folder_;
};

/// Runs to the end.
Finished run(const std::vector<std::string>& command);

/// Polls until `condition` holds or the process has ended; true when it held.
bool wait_until(Process& process, const std::function<bool()>& condition);

}  // namespace harmonic::testing
