#include "core/mpi/peer_memory.hpp"

#include <csignal>
#include <cstdlib>

#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace harmonic {
namespace {

constexpr const char* kMechanism = "OMPI_MCA_btl_vader_single_copy_mechanism";

/// Whether this process may read a child's memory. True where that cannot be tried.
bool may_read_a_child() {
  static const char there = 1;  // at the same place in both
  const pid_t child = fork();
  if (child < 0) return true;
  if (child == 0) {
    pause();  // until it is killed
    _exit(0);
  }
  char here = 0;
  const iovec to{&here, 1}, from{const_cast<char*>(&there), 1};
  const bool may = process_vm_readv(child, &to, 1, &from, 1, 0) == 1;
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return may;
}

}  // namespace

void avoid_forbidden_peer_memory() {
  if (std::getenv(kMechanism) == nullptr && !may_read_a_child()) setenv(kMechanism, "none", 0);
}

}  // namespace harmonic
