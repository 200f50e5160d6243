#include "core/mpi/slurm_start.hpp"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

/// A number of the environment; `otherwise` where it has none.
int told(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  if (text == nullptr) return otherwise;
  const std::string_view word(text);
  int number = otherwise;
  std::from_chars(word.data(), word.data() + word.size(), number);
  return number;
}

}  // namespace

StartedBySlurm started_by_slurm() {
  if (std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr) return {};
  const auto has = [](const char* name) { return std::getenv(name) != nullptr; };
  return {told("SLURM_STEP_NUM_TASKS", 1), told("SLURM_PROCID", 0),
          has("PMIX_NAMESPACE") || has("PMI_RANK") || has("PMI_FD")};
}

void check_not_alone(const StartedBySlurm& slurm, int world_size) {
  if (slurm.tasks < 2 || world_size > 1 || (world_size == 0 && slurm.can_meet)) return;
  throw InputError(
      fmt::format("srun started {} programs that know nothing of one another: each would do all of the work",
                  slurm.tasks),
      "call srun --mpi=pmix, or deploy/mpirun.sh inside sbatch (deploy/README.md)");
}

}  // namespace harmonic
