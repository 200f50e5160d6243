#!/usr/bin/env bash
# Runs a command on N ranks of this machine, the way Harmonic likes it: a rank that dies does not end the run.
#   deploy/mpirun.sh 3 build/harmonic search --config configs/avmnist.cfg --data F.h5 --run DIR
set -euo pipefail
. "$(dirname "$0")/env.sh"
[ $# -ge 2 ] || { echo "usage: deploy/mpirun.sh RANKS COMMAND [ARGUMENT ...]" >&2; exit 2; }
ranks=$1
shift

# Under --enable-recovery mpirun ends with 0 whatever its ranks end with: rank 0 leaves the exit code in a file.
HARMONIC_EXIT_FILE=$(mktemp)
export HARMONIC_EXIT_FILE
trap 'rm -f "$HARMONIC_EXIT_FILE"' EXIT
trap 'kill -TERM "$job" 2>/dev/null' TERM INT
mpirun --quiet --enable-recovery -n "$ranks" "$@" <&0 &
job=$!
status=0
wait "$job" || status=$?
while kill -0 "$job" 2>/dev/null; do # a signal was passed on: the job stops in its own time
  status=0
  wait "$job" || status=$?
done
if [ -s "$HARMONIC_EXIT_FILE" ]; then status=$(cat "$HARMONIC_EXIT_FILE"); fi
exit "$status"
