#pragma once

#include <c10/util/Exception.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {

/// Whether LibTorch says that the GPU itself failed. A CUDA context that has met an error answers every later call with
/// it, so that this process can do no more work. To run out of memory is no such failure: less may fit.
[[nodiscard]] bool is_gpu_failure(const c10::Error& error);

/// What `body` returns; a failure of the GPU becomes a WorkerError of one line.
template <class Body>
auto naming_gpu_failures(Body body) {
  try {
    return body();
  } catch (const c10::Error& e) {
    if (!is_gpu_failure(e)) throw;
    throw WorkerError("the GPU has failed: " + first_line(e.what_without_backtrace()));
  }
}

}  // namespace harmonic
