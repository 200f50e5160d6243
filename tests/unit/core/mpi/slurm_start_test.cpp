#include "core/mpi/slurm_start.hpp"

#include <cstdlib>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

/// Variables of srun's in the environment, and mpirun's out of it, for as long as it lives.
struct Environment {
  Environment(const char* tasks, const char* task) {
    unsetenv("OMPI_COMM_WORLD_SIZE");
    setenv("SLURM_STEP_NUM_TASKS", tasks, 1);
    setenv("SLURM_PROCID", task, 1);
  }
  ~Environment() {
    for (const char* name :
         {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "OMPI_COMM_WORLD_SIZE", "PMIX_NAMESPACE", "PMI_RANK", "PMI_FD"})
      unsetenv(name);
  }
};

TEST_CASE("Several tasks of srun that are each a world of one are refused with the remedy", "[mpi][slurm]") {
  const Environment of_srun("4", "2");
  const auto slurm = started_by_slurm();
  CHECK(slurm.tasks == 4);
  CHECK(slurm.task == 2);
  CHECK_THROWS_WITH(check_not_alone(slurm, 1), Catch::Contains("srun started 4 programs") &&
                                                   Catch::Contains("srun --mpi=pmix") &&
                                                   Catch::Contains("deploy/mpirun.sh"));
  CHECK_NOTHROW(check_not_alone(slurm, 4));
}

TEST_CASE("Tasks of srun that cannot find one another are refused before MPI starts, others are not", "[mpi][slurm]") {
  const Environment of_srun("4", "0");
  CHECK_THROWS_WITH(check_not_alone(started_by_slurm()), Catch::Contains("srun --mpi=pmix"));
  for (const char* language : {"PMIX_NAMESPACE", "PMI_RANK", "PMI_FD"}) {
    setenv(language, "1", 1);
    CHECK_NOTHROW(check_not_alone(started_by_slurm()));
    CHECK_THROWS(check_not_alone(started_by_slurm(), 1));
    unsetenv(language);
  }
}

TEST_CASE("One task, no srun, and an mpirun in a step of several are as they should be", "[mpi][slurm]") {
  CHECK_NOTHROW(check_not_alone(started_by_slurm(), 1));
  const Environment of_srun("4", "1");
  setenv("OMPI_COMM_WORLD_SIZE", "1", 1);
  CHECK(started_by_slurm().tasks == 1);
  CHECK_NOTHROW(check_not_alone(started_by_slurm(), 1));
}

}  // namespace
}  // namespace harmonic
