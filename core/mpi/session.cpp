#include "core/mpi/session.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <thread>

#include <mpi.h>

#include "core/mpi/check.hpp"
#include "core/mpi/peer_memory.hpp"

namespace harmonic {
namespace {

constexpr double kAbort_s = 5;  // for MPI_Abort, of which nothing is certain

/// Leaves `word` where a launch script reads it; rank 0 speaks for all.
template <typename Word>
void tell_launcher(const Word& word) {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const char* file = std::getenv("HARMONIC_EXIT_FILE");
  if (file != nullptr && rank == 0) std::ofstream(file) << word << '\n';
}

/// Ends the program after so long, whatever it waits for then.
void end_after(double seconds, ExitCode code) {
  std::thread([=] {
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    std::_Exit(static_cast<int>(code));
  }).detach();
}

}  // namespace

MpiSession::MpiSession(int& argc, char**& argv) {
  avoid_forbidden_peer_memory();
  int provided = MPI_THREAD_SINGLE;
  check_mpi(MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_SERIALIZED) throw RunError("this MPI has no thread support (MPI_THREAD_SERIALIZED)");
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  tell_launcher("running");
}

MpiSession::~MpiSession() {
  finalize();
}

void MpiSession::finalize() noexcept {
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized == 0 && !abandoned_) MPI_Finalize();
}

void MpiSession::leave(ExitCode code) {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  tell_launcher(static_cast<int>(code));
  if (taken_down_) {
    end_after(kAbort_s, code);
    std::this_thread::sleep_for(std::chrono::seconds(1));  // mpirun passes on what was said last, before it forgets it
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(code));
  }
  if (finalize_s_) end_after(*finalize_s_, code);
  finalize();
  std::_Exit(static_cast<int>(code));
}

}  // namespace harmonic
