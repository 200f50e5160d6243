// A program that deploy/mpirun.sh takes for harmonic: it meets, runs and ends as its words say, and computes nothing.
//   harmonic COMMAND [kill-before=RANK[,FILE]] [stop-before=RANK] [kill-master] [master-stops] [master-lingers]
//   [slow-before=RANK] [stop-at-end=RANK] [shows-progress] [until-stopped] [code=N]
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <signal.h>

#include "core/base/log.hpp"
#include "core/base/progress_display.hpp"
#include "core/mpi/communicator.hpp"
#include "core/mpi/session.hpp"
#include "core/work/stop_signal.hpp"

using namespace harmonic;

int main(int argc, char** argv) {
  const char* rank_word = std::getenv("OMPI_COMM_WORLD_RANK");
  const std::string rank = rank_word == nullptr ? "0" : rank_word;
  const auto value = [&](std::string_view key) -> std::string {
    for (int i = 2; i < argc; ++i)
      if (const std::string_view word = argv[i]; word.starts_with(key)) return std::string(word.substr(key.size()));
    return {};
  };
  const std::string killed = value("kill-before=");
  const std::string once = killed.substr(killed.find(',') + 1);  // where there is no comma, the whole word
  if (killed.substr(0, killed.find(',')) == rank && (once == killed || !std::filesystem::exists(once))) {
    if (once != killed) std::ofstream(once) << "killed\n";
    raise(SIGKILL);
  }
  if (value("stop-before=") == rank) raise(SIGSTOP);
  if (value("slow-before=") == rank) std::this_thread::sleep_for(std::chrono::seconds(30));

  catch_stop_signals();
  MpiSession session(argc, argv);
  if (value("kill-") == "master") {
    if (rank == "0") raise(SIGKILL);
    while (true) std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  int code = value("code=").empty() ? 0 : std::stoi(value("code="));
  if (const std::string last = value("master-"); !last.empty() && rank != "0") {
    session.abandon();
    session.leave(static_cast<ExitCode>(code));
  } else if (last == "stops") {
    raise(SIGSTOP);
  } else if (last == "lingers") {
    std::this_thread::sleep_for(std::chrono::seconds(8));
    session.abandon();
    code = 0;
  }
  std::optional<ProgressDisplay> display;
  if (value("shows-") == "progress" && rank == "0") display.emplace("at work, with words enough for a narrow terminal");
  if (value("until-") == "stopped") {
    while (!stop_signal_seen()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    code = 3;
    display.reset();
    if (rank == "0") log::info("stopped at the end");
  }
  if (value("stop-at-end=") == rank) raise(SIGSTOP);
  session.leave(static_cast<ExitCode>(code));
}
