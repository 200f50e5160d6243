#include "tests/support/process.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace harmonic::testing {
namespace {

std::string slurp(const std::filesystem::path& path) {
  const std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();  // what ends while it is read is no error here: a process may
  return text.str();
}

pid_t parent_of(pid_t pid) {
  const std::string stat = slurp("/proc/" + std::to_string(pid) + "/stat");
  const auto close = stat.rfind(')');  // the name in brackets may hold anything
  if (close == std::string::npos) return 0;
  std::istringstream rest(stat.substr(close + 1));
  std::string state;
  pid_t parent = 0;
  rest >> state >> parent;
  return parent;
}

}  // namespace

Process::Process(const std::vector<std::string>& command) {
  std::random_device random;
  folder_ = std::filesystem::temp_directory_path() /
            ("harmonic-process-" + std::to_string(random()) + std::to_string(random()));
  std::filesystem::create_directories(folder_);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    const int out = open((folder_ / "out").c_str(), O_CREAT | O_WRONLY, 0600);
    const int err = open((folder_ / "err").c_str(), O_CREAT | O_WRONLY, 0600);
    const int in = open("/dev/null", O_RDONLY);
    dup2(in, 0);
    dup2(out, 1);
    dup2(err, 2);
    std::vector<char*> argv;
    for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    _exit(127);
  }
}

Process::~Process() {
  if (!reaped_) {
    kill_all();
    reap(true);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Process::reap(bool block) {
  if (!reaped_ && waitpid(pid_, &status_, block ? 0 : WNOHANG) == pid_) reaped_ = true;
}

bool Process::running() {
  reap(false);
  return !reaped_;
}

Finished Process::wait() {
  reap(true);
  const int code = WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
  return {code, slurp(folder_ / "out"), slurp(folder_ / "err")};
}

void Process::signal(int number) {
  ::kill(pid_, number);
}

std::vector<pid_t> Process::family() const {
  std::vector<pid_t> members = {pid_};
  for (bool grew = true; grew;) {
    grew = false;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const auto name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      const pid_t pid = std::stoi(name);
      if (std::find(members.begin(), members.end(), pid) != members.end()) continue;
      if (std::find(members.begin(), members.end(), parent_of(pid)) == members.end()) continue;
      members.push_back(pid);
      grew = true;
    }
  }
  return members;
}

void Process::kill_all() {
  std::set<pid_t> members;  // stopped first: one that is just being started would be nobody's child in the end
  for (bool grew = true; grew;) {
    grew = false;
    for (const pid_t pid : family())
      if (members.insert(pid).second) {
        ::kill(pid, SIGSTOP);
        grew = true;
      }
  }
  for (const pid_t pid : members) ::kill(pid, SIGKILL);
}

pid_t Process::rank(int number) const {
  const std::string wanted = "OMPI_COMM_WORLD_RANK=" + std::to_string(number);
  for (const pid_t pid : family()) {
    std::string environment = slurp("/proc/" + std::to_string(pid) + "/environ");
    environment.insert(0, 1, '\0');
    std::string entry(1, '\0');
    entry += wanted;
    entry += '\0';
    if (environment.find(entry) != std::string::npos) return pid;
  }
  return 0;
}

Finished run(const std::vector<std::string>& command) {
  return Process(command).wait();
}

bool wait_until(Process& process, const std::function<bool()>& condition) {
  while (process.running()) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return condition();
}

}  // namespace harmonic::testing
