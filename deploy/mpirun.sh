#!/usr/bin/env bash
# Runs a command on N ranks of this machine, the way Harmonic likes it: a rank that dies does not end the run, and a
# signal reaches the program, which stops with a checkpoint.
#   deploy/mpirun.sh 3 build/harmonic search --config configs/avmnist.cfg --data F.h5 --run DIR
set -uo pipefail
. "$(dirname "$0")/env.sh"
[ $# -ge 2 ] || { echo "usage: deploy/mpirun.sh RANKS COMMAND [ARGUMENT ...]" >&2; exit 2; }
ranks=$1
shift
command -v "$1" >/dev/null || { echo "deploy/mpirun.sh: no program $1; build it with deploy/build.sh" >&2; exit 2; }

# Only a search or a reproduction can go on without a rank; elsewhere Open MPI should end the job.
recovery=()
for word in "$@"; do
  case "$word" in search | reproduce) recovery=(--enable-recovery) ;; esac
done

# Under --enable-recovery Open MPI's mpirun ends with 0 whatever its ranks end with: rank 0 leaves its exit code in a file.
HARMONIC_EXIT_FILE=$(mktemp)
export HARMONIC_EXIT_FILE
trap 'rm -f "$HARMONIC_EXIT_FILE"' EXIT

# mpirun kills its ranks a second after SIGINT or SIGTERM; SIGUSR1 it passes on, and the program takes it as the same wish.
# Of its complaints one is news where no master says who is lost: which rank a signal ended, and on which node.
news() {
  local line boxed=0
  while IFS= read -r line; do
    case "$line" in
      ------------------------------*) boxed=$((1 - boxed)) ;;
      *'PMIX ERROR'*) ;;
      'mpirun noticed that process rank'*) printf '%s\n' "$line" ;;
      *) [ "$boxed" -eq 1 ] || printf '%s\n' "$line" ;;
    esac
  done
}
quiet=()
[ ${#recovery[@]} -eq 0 ] || quiet=(--quiet)
set -m # a process group of its own: Ctrl-C comes through the trap only
mpirun "${quiet[@]}" "${recovery[@]}" -n "$ranks" "$@" 2> >(news >&2) &
job=$!
trap 'kill -USR1 "$job"' INT TERM USR1
status=0
wait "$job" || status=$?
while kill -0 "$job" 2>/dev/null; do # a signal woke us up: the job stops in its own time
  status=0
  wait "$job" || status=$?
done
if [ -s "$HARMONIC_EXIT_FILE" ]; then
  status=$(cat "$HARMONIC_EXIT_FILE")
elif [ ${#recovery[@]} -gt 0 ] && [ "$status" -eq 0 ]; then
  status=1 # rank 0 went without a word
fi
exit "$status"
