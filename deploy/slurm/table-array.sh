#!/usr/bin/env bash
# A published table as a Slurm job array: a task a row and seed, each with a run folder of its own; then all of them as one table.
# Submitted from the root of the clone:
#
#   sbatch --array=1-9 deploy/slurm/table-array.sh TABLE DATA OUT [OPTION…]     3 rows by 3 seeds; --array=1-15 is 5 seeds
#   build/harmonic reproduce --join OUT/row-* --run OUT/all                      once they have ended
#
#   TABLE   avmnist | mmimdb | harmp; configs/TABLE.cfg says the rest
#   DATA    its data set file
#   OUT     folder of the run folders, one a task: OUT/row-1-seed-2
#   OPTION  more of harmonic reproduce, --modality "image=avmnist-image,W.h5" first of all
#
# Search 2 of a row finds the same in a task of its own as beside the others in one run. A task that was cut off goes on when the same
# line is submitted again; Slurm's warning before the time limit makes it stop with a checkpoint and be queued again (HARMONIC_REQUEUE=no:
# end with exit code 3).
#SBATCH --job-name=harmonic-table
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --time=04:00:00
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%A-%a.log
set -uo pipefail
if [ $# -lt 3 ] || [ -z "${SLURM_ARRAY_TASK_ID-}" ]; then
  sed -n '2,/^#SBATCH/{/^#SBATCH/d;s/^# \{0,1\}//;p}' "$0"
  exit 2
fi
table=$1 data=$2 out=$3
shift 3
rows=3 # of each of these tables
row=$(((SLURM_ARRAY_TASK_ID - 1) % rows + 1)) seed=$(((SLURM_ARRAY_TASK_ID - 1) / rows + 1))
. "${SLURM_SUBMIT_DIR:-.}/deploy/slurm/job.sh"
lead "$out/row-$row-seed-$seed/journal" reproduce --config "configs/$table.cfg" --table "$table" --rows $row --seeds 1 \
  --first-seed $seed --data "$data" --run "$out/row-$row-seed-$seed" --resume "$@"
