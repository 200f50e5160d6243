#include "core/mpi/session.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include <mpi.h>

#include "core/mpi/check.hpp"

namespace harmonic {

MpiSession::MpiSession(int& argc, char**& argv) {
  int provided = MPI_THREAD_SINGLE;
  check_mpi(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_FUNNELED) throw RunError("this MPI has no thread support (MPI_THREAD_FUNNELED)");
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
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
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (const char* file = std::getenv("HARMONIC_EXIT_FILE"); file != nullptr && rank == 0)
    std::ofstream(file) << static_cast<int>(code) << '\n';
  finalize();
  std::_Exit(static_cast<int>(code));
}

}  // namespace harmonic
