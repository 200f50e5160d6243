#!/usr/bin/env bash
# A supernet's training, data-parallel over the tasks of a Slurm job. Submitted from the root of the clone:
#
#   sbatch deploy/slurm/train.sh --config C.cfg --data F.h5 --modality image --space avmnist-image --out W.h5 [OPTION…]
#
# It goes on with W.h5.training, if that is there. A training cannot do without a rank: when one is lost it ends with 1, and the same
# line goes on from half a minute before. A node that fails, or the time limit, queue it again by themselves (HARMONIC_REQUEUE=no: not
# at the time limit, it ends with 3). With GPUs give as many tasks a node as it has: NCCL allows one rank each.
#SBATCH --job-name=harmonic-train
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=2
#SBATCH --time=04:00:00
#SBATCH --signal=B:USR1@300
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log
##SBATCH --gpus-per-node=4
set -uo pipefail
if [ $# -lt 1 ] || [ -z "${SLURM_JOB_ID-}" ]; then
  sed -n '2,/^#SBATCH/{/^#SBATCH/d;s/^# \{0,1\}//;p}' "$0"
  exit 2
fi
. "${SLURM_SUBMIT_DIR:-.}/deploy/slurm/job.sh"

out=$(option_of --out "$@")
[ -n "$out" ] || { echo "train.sh: give --out W.h5, the supernet that it makes" >&2; exit 2; }
lead "$out.training" supernet train --resume "$@"
