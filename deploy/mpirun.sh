#!/usr/bin/env bash
# Runs a command on N ranks of this machine, the way Harmonic likes it: a rank that dies does not end the run, and a
# signal reaches the program, which stops with a checkpoint.
#   deploy/mpirun.sh 3 build/harmonic search --config configs/avmnist.cfg --data F.h5 --run DIR
set -uo pipefail
asked= # to stop
trap 'asked=1' INT TERM USR1
. "$(dirname "$0")/env.sh"
[ $# -ge 2 ] || { echo "usage: deploy/mpirun.sh RANKS COMMAND [ARGUMENT ...]" >&2; exit 2; }
ranks=$1
shift
command -v "$1" >/dev/null || { echo "deploy/mpirun.sh: no program $1; build it with deploy/build.sh" >&2; exit 2; }

# Only a search or a reproduction can go on without a rank; elsewhere Open MPI should end the job. They, a training
# and a sweep take a signal as a wish to stop.
recovery=()
stops=
for word in "$@"; do
  case "$word" in
    search | reproduce) recovery=(--enable-recovery) stops=1 ;;
    train | sweep) stops=1 ;;
  esac
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
while kill -0 "$job" 2>/dev/null; do
  if [ -z "$asked" ]; then
    wait "$job" # to its end, or until a signal
  else # The job stops in its own time. It is asked again and again: what has just been started may not listen yet.
    kill -USR1 "$job" 2>/dev/null
    sleep 0.5
  fi
done 2>/dev/null
status=0
wait "$job" || status=$?
if [ -s "$HARMONIC_EXIT_FILE" ]; then
  status=$(cat "$HARMONIC_EXIT_FILE")
elif [ -n "$asked" ] && [ -n "$stops" ]; then
  echo "deploy/mpirun.sh: stopped before rank 0 could say so, or after it was gone; what was finished can be resumed" >&2
  status=3
elif [ ${#recovery[@]} -gt 0 ] && [ "$status" -eq 0 ]; then
  status=1 # rank 0 went without a word
fi
exit "$status"
