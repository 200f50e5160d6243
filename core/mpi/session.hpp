#pragma once

#include <optional>

#include "core/base/error.hpp"

namespace harmonic {

/// MPI from its start to its end; make it first in main, so that it goes last. One thread at a time may call MPI
/// (MPI_THREAD_SERIALIZED); errors are returned to the caller, they do not end the job.
class MpiSession {
 public:
  /// @throws RunError when MPI does not start or offers no such thread support
  MpiSession(int& argc, char**& argv);
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  /// From here on MPI is not finalised: with a lost rank MPI_Finalize never returns. End the program with `leave`.
  void abandon() { abandoned_ = true; }
  /// From here on `leave` ends the whole job, ranks that are stopped or hang with it (MPI_Abort): for a master whose
  /// work is done and who is left alone with ranks that do not answer.
  void take_down() { taken_down_ = true; }
  /// From here on MPI_Finalize has so long: for ranks that have said goodbye to each other, so that a longer wait can
  /// only be for one that is gone.
  void limit_finalize(double seconds) { finalize_s_ = seconds; }
  /// Ends the program at once: flushes the streams, finalises MPI unless abandoned, and leaves without destructors, so
  /// that neither a lost rank nor a computation that still runs on another thread can hold it up.
  /// Under `mpirun --enable-recovery` (Open MPI 4.1) mpirun itself ends with 0 whatever its ranks end with, so rank 0
  /// also writes the code to the file that the environment variable HARMONIC_EXIT_FILE names, when there is one; launch
  /// scripts read it. From the start of the session until then it holds "running": all ranks have met.
  [[noreturn]] void leave(ExitCode code);

 private:
  void finalize() noexcept;
  bool abandoned_ = false;
  bool taken_down_ = false;
  std::optional<double> finalize_s_;
};

}  // namespace harmonic
