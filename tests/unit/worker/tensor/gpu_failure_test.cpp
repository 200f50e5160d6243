#include "worker/tensor/gpu_failure.hpp"

#include <catch2/catch.hpp>

namespace harmonic {
namespace {

const c10::SourceLocation kHere{"a test", __FILE__, __LINE__};

template <class Error>
void run_into(const Error& error) {
  naming_gpu_failures([&]() -> int { throw error; });
}

}  // namespace

TEST_CASE("A GPU that failed takes its process out of work, in one line", "[tensor]") {
  const std::string text = "CUDA error: an illegal memory access was encountered\nCompile with more checks";
  CHECK_THROWS_AS(run_into(c10::AcceleratorError(kHere, 700, text)), WorkerError);
  CHECK_THROWS_WITH(run_into(c10::AcceleratorError(kHere, 700, text)), Catch::EndsWith("access was encountered"));
  CHECK_THROWS_AS(run_into(c10::Error(kHere, "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling")), WorkerError);
}

TEST_CASE("A GPU that is full, and any other error, leaves the process its work", "[tensor]") {
  CHECK_THROWS_AS(run_into(c10::OutOfMemoryError(kHere, "CUDA out of memory.")), c10::OutOfMemoryError);
  CHECK_THROWS_AS(run_into(c10::Error(kHere, "mat1 and mat2 shapes cannot be multiplied")), c10::Error);
  CHECK_THROWS_AS(run_into(InputError("a fault", "mend it")), InputError);
  CHECK(naming_gpu_failures([] { return 7; }) == 7);
}

}  // namespace harmonic
