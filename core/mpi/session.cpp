#include "core/mpi/session.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include <mpi.h>

#include "core/mpi/check.hpp"

namespace harmonic {
namespace {

/// Leaves `word` where a launch script reads it; rank 0 speaks for all.
template <typename Word>
void tell_launcher(const Word& word) {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const char* file = std::getenv("HARMONIC_EXIT_FILE");
  if (file != nullptr && rank == 0) std::ofstream(file) << word << '\n';
}

}  // namespace

MpiSession::MpiSession(int& argc, char**& argv) {
  int provided = MPI_THREAD_SINGLE;
  check_mpi(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_FUNNELED) throw RunError("this MPI has no thread support (MPI_THREAD_FUNNELED)");
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
  finalize();
  std::_Exit(static_cast<int>(code));
}

}  // namespace harmonic
