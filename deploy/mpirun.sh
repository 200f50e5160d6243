#!/usr/bin/env bash
# Runs a command on N ranks of this machine, the way Harmonic likes it: a rank that dies does not end the run.
#   deploy/mpirun.sh 3 build/harmonic search --config configs/avmnist.cfg --data F.h5 --run DIR
set -euo pipefail
. "$(dirname "$0")/env.sh"
[ $# -ge 2 ] || { echo "usage: deploy/mpirun.sh RANKS COMMAND [ARGUMENT ...]" >&2; exit 2; }
ranks=$1
shift
exec mpirun --quiet --enable-recovery -n "$ranks" "$@"
