#pragma once

namespace harmonic {

/// @throws RunError with the call's name and MPI's own text when `code` is not success.
void check_mpi(int code, const char* call);

}  // namespace harmonic
