#!/usr/bin/env bash
# How mpirun reaches another node of a Slurm job: the "rsh agent" that deploy/mpirun.sh gives it there, called as AGENT HOST COMMAND…
# Not for people. mpirun's own way over srun ends the job when a node fails; this one lets Slurm keep the step (--no-kill), and says
# 0 whatever became of a node that had come up: mpirun would end the job for anything else. One that never came up is told at once.
host=$1
shift
# The step is one task, mpirun's daemon, whose ranks may use all that the job has on that node: what was said of the job's tasks is not
# meant for it.
unset SLURM_NTASKS SLURM_NPROCS SLURM_NTASKS_PER_NODE SLURM_TASKS_PER_NODE SLURM_GPUS_PER_TASK SLURM_TRES_PER_TASK SLURM_DISTRIBUTION
srun --no-kill --overlap --nodes=1 --ntasks=1 --nodelist="$host" --mpi=none --export=ALL --input=none --kill-on-bad-exit=0 --quit-on-interrupt \
  /bin/sh -c "echo up; $*" | {
  read -r word
  [ "$word" = up ] || exit 1
  cat
}
code=("${PIPESTATUS[@]}")
[ "${code[1]}" -eq 0 ] || exit 1
case "${code[0]}" in 126 | 127) exit 1 ;; esac # no such program there
exit 0
