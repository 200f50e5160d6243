#include "core/mpi/check.hpp"

#include <string>

#include <fmt/format.h>
#include <mpi.h>

#include "core/base/error.hpp"

namespace harmonic {

void check_mpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  std::string text(MPI_MAX_ERROR_STRING, '\0');
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  text.resize(static_cast<std::size_t>(length));
  throw RunError(fmt::format("{} failed: {}", call, text));
}

}  // namespace harmonic
