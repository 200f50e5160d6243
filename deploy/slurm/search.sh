#!/usr/bin/env bash
# A search, or a reproduction, over the nodes of a Slurm job. Submitted from the root of the clone, again and again as the same line:
#
#   sbatch deploy/slurm/search.sh search --config configs/avmnist.cfg --data F.h5 --run DIR [OPTION…]
#   sbatch --nodes=4 --time=02:00:00 deploy/slurm/search.sh reproduce --table avmnist --config … --data … --run DIR
#
# It goes on where DIR is, if that is begun. A worker or another node that is lost costs its work a retry; the first node takes the job
# with it, which Slurm then queues again. Before the time limit it stops with a checkpoint and is queued again (HARMONIC_REQUEUE=no:
# ends with 3), until it is done. How it is, from anywhere: build/harmonic status --run DIR
#
# One task leads and needs next to nothing; of GPUs each worker takes one of its node's, dealt round, so several may share one.
#SBATCH --job-name=harmonic-search
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=2
#SBATCH --time=12:00:00
#SBATCH --signal=B:USR1@300
#SBATCH --no-kill
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

run=$(option_of --run "$@")
[ -n "$run" ] || { echo "search.sh: give --run DIR, the folder that it goes on in" >&2; exit 2; }
resume=()
if [ -s "$run/journal" ] && [[ " $* " != *' --resume '* ]]; then resume=(--resume); fi
lead "$run/journal" "$@" "${resume[@]}"
