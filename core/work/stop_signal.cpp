#include "core/work/stop_signal.hpp"

#include <csignal>
#include <initializer_list>

namespace harmonic {
namespace {

volatile std::sig_atomic_t seen = 0;
volatile std::sig_atomic_t urgent = 0;

void note(int signal) {
  if (signal == SIGINT || signal == SIGUSR2) urgent = 1;
  seen = 1;
}

}  // namespace

void catch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2}) sigaction(signal, &action, nullptr);
}

bool stop_signal_seen() {
  return seen != 0;
}

bool stop_is_urgent() {
  return urgent != 0;
}

}  // namespace harmonic
