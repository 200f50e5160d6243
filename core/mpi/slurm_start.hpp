#pragma once

namespace harmonic {

/// How srun started this process, as its environment says; an mpirun in between (OMPI_COMM_WORLD_SIZE) counts for none.
struct StartedBySlurm {
  int tasks = 1;         ///< of the step
  int task = 0;          ///< this one
  bool can_meet = true;  ///< they can find one another: srun speaks MPI's language (PMIx or PMI)
};
/// To be asked before MPI starts, which may set such variables itself.
[[nodiscard]] StartedBySlurm started_by_slurm();

/// An srun that does not speak MPI's language (--mpi=none, a common default) starts as many programs as it has tasks,
/// each of which takes itself for the whole job, and all would do the same work over one another; or MPI ends each of
/// them with a page of advice. To be called before MPI starts, and with the world's size after it has.
/// @param world_size 0: not known yet
/// @throws InputError when several tasks were started that are not one world; the first task alone should say so
void check_not_alone(const StartedBySlurm& slurm, int world_size = 0);

}  // namespace harmonic
