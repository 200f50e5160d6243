#!/usr/bin/env bash
# Runs a command on N ranks of this machine, or of all nodes of the Slurm job that it is called in (deploy/README.md), the way
# Harmonic likes it: a rank or a node that dies does not end the run, a signal reaches the program, which stops with a
# checkpoint, and the exit code is rank 0's.
#   deploy/mpirun.sh 3 build/harmonic search --config configs/avmnist.cfg --data F.h5 --run DIR
#
#   HARMONIC_MEET_SECONDS=N    so long may ranks take to meet [default: 120]; then the job is started again, once
{ # read to its end before it begins: the clone may be updated while a job runs
set -uo pipefail
asked= # to stop: by which signal
for signal in INT TERM USR1 HUP; do trap "asked=$(kill -l $signal)" $signal; done
. "$(dirname "$(readlink -f "$0")")/env.sh"
here=$HARMONIC_ROOT/deploy
say() { printf 'deploy/mpirun.sh: %s\n' "$*" >&2; }
refuse() { say "$@"; exit 2; }
is_count() { [[ $1 =~ ^[1-9][0-9]{0,5}$ ]]; }

usage="usage: deploy/mpirun.sh RANKS COMMAND [ARGUMENT ...]"
case "${1-}" in
  -h | --help) echo "$usage"; exit ;;
  -n | -np | --np | -c) shift ;; # out of habit: mpirun wants it
  -n[0-9]*) set -- "${1#-n}" "${@:2}" ;;
esac
example="deploy/mpirun.sh 3 build/harmonic ..."
[ $# -ge 1 ] || { echo "$usage" >&2; exit 2; }
if ! is_count "$1" && type -P -- "$1" >/dev/null; then refuse "no number of ranks before $1; give one, as in: $example"; fi
is_count "$1" || refuse "RANKS is '$1'; give a whole number from 1, as in: $example"
ranks=$1
shift
export HARMONIC_LAUNCHER="$0"$'\n'"$ranks" # for the line that says how to go on
[ $# -ge 1 ] || { echo "$usage" >&2; exit 2; }
# More ranks than that only hold each other up, until the machine answers nobody any more.
cores=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc) # which nproc heeds
# On several nodes Slurm has been told how many tasks there are.
nodes=1
if [ -n "${SLURM_JOB_ID-}" ] && is_count "${SLURM_JOB_NUM_NODES-}"; then nodes=$SLURM_JOB_NUM_NODES; fi
most_ranks=$((cores * 8 > 32 ? cores * 8 : 32))
if [ "$nodes" -gt 1 ] && is_count "${SLURM_NTASKS-}"; then most_ranks=$((SLURM_NTASKS > most_ranks ? SLURM_NTASKS : most_ranks)); fi
[ "$ranks" -le $most_ranks ] || refuse "RANKS is $ranks, too many for $cores cores; give at most $most_ranks, best one a core and one to lead"
if ! type -P -- "$1" >/dev/null; then
  [ ! -f "$1" ] || refuse "$1 is no program: it must not be executed (chmod +x makes it one)"
  [[ $1 == */* ]] || refuse "no program $1; after RANKS comes one, as in: $example"
  refuse "no program $1; build it with deploy/build.sh"
fi
type -P mpirun >/dev/null || refuse "no mpirun in PATH; deploy/setup.sh installs one"
meet_s=${HARMONIC_MEET_SECONDS:-120}
is_count "$meet_s" || refuse "HARMONIC_MEET_SECONDS is '$meet_s'; give whole seconds from 1, as in: HARMONIC_MEET_SECONDS=120"

# A search, a reproduction and a sweep can go on without a rank; elsewhere Open MPI should end the job. They and a training
# are jobs: they take a signal as a wish to stop, and rank 0 says how far it is. A wrapper's words may end in "harmonic", too
# (env DATA_ROOT=/data/harmonic, --bind /opt/harmonic): the program is followed by one of its commands.
recovery=
job=
words=("$@")
for ((i = 0; i < $#; ++i)); do
  [ "${words[i]##*/}" = harmonic ] || continue
  case "${words[*]:i + 1}" in
    'reproduce '*--lut* | 'reproduce '*--join*) # in one process, as those below
      ranks=1
      break
      ;;
    'simulate '*--virtual-time*) break ;; # no job: it needs no ranks, and says so where there are several
  esac
  case "${words[i + 1]-} ${words[i + 2]-}" in
    'search '* | 'reproduce '* | 'simulate '* | 'supernet sweep') job=1 recovery=--enable-recovery ;;
    'supernet train') job=1 ;;
    'supernet '*) ;;
    'compare '* | 'data '* | 'lut '* | 'pareto '* | 'report '* | 'select '* | 'show '* | 'status '*) ranks=1 ;; # each rank would do all of it, and say all of it
    *)
      [ "$i" -eq 0 ] || continue
      ranks=1 # --version, or a command that it does not know
      ;;
  esac
  break
done

# The nodes of a Slurm job: through an agent of our own, for what mpirun itself starts there ends the job with the first node
# that fails. Its daemons stay with their step, or Slurm would take them for left-overs.
if [ "$nodes" -gt 1 ] && [ -z "${SLURMD_NODENAME-}" ]; then # salloc's shell: rank 0 would be elsewhere, and its word not heard
  refuse "this is no node of Slurm job $SLURM_JOB_ID; call it inside the job, with sbatch or srun --pty, as deploy/README.md shows"
fi
if [ "$nodes" -gt 1 ] && [ -z "${OMPI_MCA_plm-}" ]; then
  export OMPI_MCA_plm=rsh OMPI_MCA_plm_rsh_agent="$here/slurm/agent.sh" OMPI_MCA_plm_rsh_no_tree_spawn=1 OMPI_MCA_orte_leave_session_attached=1
fi

if [ -n "${TMPDIR-}" ] && { [ ! -d "$TMPDIR" ] || [ ! -w "$TMPDIR" ]; }; then
  say "TMPDIR=$TMPDIR is no folder to write to: /tmp serves"
  export TMPDIR=/tmp
fi
state=$(mktemp -d) || exit 1
trap 'rm -rf "$state"' EXIT

# Rank 0's stderr is a pipe. Whether it ends at a terminal, and how wide that is, the program hears by
# HARMONIC_TERMINAL_COLUMNS; a line that begins with a carriage return is then one that is redrawn in place.
columns=
if [ -t 2 ]; then
  columns=$(stty size <&2 2>/dev/null | cut -d' ' -f2)
  is_count "$columns" || columns=80
fi

# What mpirun and its ranks write to stderr, without mpirun's own noise. It says what it has to say in boxes: they are kept
# for the case that the ranks never meet. One is news where no master says who is lost: which rank a signal ended, and on
# which node. Which ranks have ended is told by Open MPI's own log of their states.
ended='ACTIVATE PROC \[\[[0-9]+,1\],([0-9]+)\] STATE (ABORTED BY SIGNAL|CALLED ABORT|EXITED WITH NON-ZERO STATUS|NORMALLY TERMINATED)'
filter() {
  local line inside='' box=() drawn=
  trap '' INT TERM USR1 HUP # which a terminal sends it, too: what is said at the end goes through here
  local edge=-------------------------------------------------------------------------- # as wide as Open MPI draws it
  while IFS= read -r line || [ -n "$line" ]; do
    if [[ $line =~ $ended ]]; then
      printf '%s %s\n' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" >>"$state/ended"
      continue
    fi
    if [ -n "$columns" ] && [[ $line == $'\r'* ]]; then
      drawn=${line#?}
      printf '\r\033[K%s' "$drawn"
      continue
    fi
    case "$line" in
      *'] ACTIVATE '*' STATE '* | *'PMIX ERROR'* | *' sent help message '* | *'to see all help / error messages' | \
        *': Forwarding signal '*' to job' | *': abort is already in progress'* | *ORTE_ERROR_LOG*show_help.c* | '[warn] '*) continue ;;
    esac
    # mpirun's, in words of its own and of its libraries; where no rank's word is worth keeping, all of them.
    if [ -e "$state/ending" ] && { [ -s "$state/ending" ] || [[ $line =~ ^\[[^]]+\]\  ]]; }; then continue; fi
    if [ -z "$line$inside" ] && [ -s "$state/ended" ]; then continue; fi # likewise, seldom: its ranks have said their last
    if [ -n "$drawn" ]; then
      printf '\r\033[K'
      drawn=
    fi
    if [ "$line" = "$edge" ]; then
      [ -n "$inside" ] || { inside=1 box=(); continue; }
      inside=
      case "${box[*]-}" in
        *'mpirun noticed that process rank'*) [ -n "$recovery" ] || [ -e "$state/ending" ] || printf '%s\n' "${box[@]}" ;;
        *'Primary job '*'terminated normally'*) ;;             # another box says more
        *'exited with non-zero status'*) [ -z "$job" ] || printf '%s\n' "${box[@]}" >>"$state/boxes" ;; # else the exit code says it
        *) printf '%s\n' "${box[@]-}" >>"$state/boxes" ;;
      esac
    elif [ -n "$inside" ] && [ ${#box[@]} -lt 60 ]; then
      box+=("$line")
    else # more than that is no box
      [ -z "$inside" ] || printf '%s\n' "$edge" "${box[@]}"
      inside=
      printf '%s\n' "$line"
      [[ $line != *--enable-recovery* ]] || echo "$line" >>"$state/boxes"
    fi
  done
  [ -z "$drawn" ] || printf '\r\033[K'
  [ -z "$inside" ] || printf '%s\n' "${box[@]-}" >>"$state/boxes"
}

# mpirun and its ranks on this machine: all that have this run's exit file in their environment.
remaining() { grep -lzxF "HARMONIC_EXIT_FILE=$state/exit" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3; }
rank_0() { # as far as it is on this machine: a wrapper has a process, too
  local pid
  for pid in $(remaining); do
    ! grep -qzx OMPI_COMM_WORLD_RANK=0 "/proc/$pid/environ" || echo "$pid"
  done 2>/dev/null
}
rank_0_is_here() { [ -n "$(rank_0)" ]; }
rank_0_is_stopped() {
  local pid
  for pid in $(rank_0); do
    ! grep -q '^State:.T' "/proc/$pid/status" || return 0
  done 2>/dev/null
  return 1
}
# Leaves in `patience` how many seconds rank 0 may go on without the others; nothing: as long as it likes. Stopped, it never
# ends. When one has left it with an error, it may hang; if it does not, it says within a lease that no worker is left.
judge_rank_0() {
  local rank how gone=() left=
  patience=
  while read -r rank how; do
    gone[rank]=1
    [[ $how != *NON-ZERO* ]] || left=1
  done <"$state/ended"
  [ "$ranks" -gt 1 ] && [ ${#gone[@]} -eq $((ranks - 1)) ] || return
  if rank_0_is_stopped; then patience=5; elif [ -n "$left" ]; then patience=300; fi
}
has_dead_rank() { # that mpirun does not take note of: it hangs
  local pid
  for pid in $(cat /proc/"$mpirun"/task/*/children); do
    ! grep -q '^State:.*Z' "/proc/$pid/status" || return 0
  done 2>/dev/null
  return 1
}
running() { kill -0 "$mpirun" 2>/dev/null; }
nap() { # ends early with a signal. Not by wait -n: where the sleep is over before that is reached, it waits for ever
  sleep 0.1 &
  wait $!
}
# Ends all ranks, then mpirun. Ranks are killed, for a stopped one hears nothing else; mpirun is asked, for it reaches other
# nodes. What it says from here on is not worth a word: it may even crash, when that meets it in the midst of its own abort.
# With an argument, what ranks say is not, either.
end() {
  local until=$((SECONDS + 4))
  ! all_have_ended || until=$((SECONDS + 1))
  printf '%s' "${1-}" >"$state/ending"
  kill -KILL $(remaining | grep -vx "$mpirun")
  kill -TERM "$mpirun"
  while running && [ $SECONDS -lt $until ]; do nap; done
  kill -KILL $(remaining)
}

all_have_ended() { [ "$(cut -d' ' -f1 "$state/ended" | sort -u | wc -l)" -ge "$ranks" ]; } # mpirun with recovery often stays, over several nodes
rank_0_has_ended() { [[ $word =~ ^[0-9]+$ ]] || { [ -n "$job" ] && grep -q '^0 ' "$state/ended"; }; }

# Waits for mpirun's end, and brings it about where ranks would wait for ever: then `cut_short` is set, and `why` where the
# launcher alone knows.
watch() {
  local limit='' reason='' patience='' had second=-1 tick passed_on= silent=
  while running; do
    read -r word <"$state/exit"
    reason=''
    tick=
    [ $second -eq $SECONDS ] || { second=$SECONDS tick=1; }
    # What is seen to go on: until the ranks have met the launcher says so, then they do.
    if [ -n "$columns" ] && [ -n "$job" ] && [ -z "$word" ] && [ -n "$tick" ]; then
      printf '\rstarting %s ranks: %ss\n' "$ranks" $((SECONDS - began)) >&3
    fi
    if rank_0_has_ended; then
      limit=${limit:-$((SECONDS + 5))} # the others have no more to do
      ! all_have_ended || limit=$((limit < SECONDS + 1 ? limit : SECONDS + 1))
    elif [ -n "$asked" ] && { [ -z "$job" ] || [ -z "$word" ]; }; then
      limit=$SECONDS silent=1 # there is nothing to keep
    elif [ -z "$job" ]; then
      limit=
    elif [ -n "$word" ]; then
      had=$patience
      judge_rank_0
      [ -n "$patience" ] && [ "$patience" = "$had" ] || limit=
      if [ -n "$patience" ]; then
        limit=${limit:-$((SECONDS + patience))} reason="rank 0 was silent, and all others have ended; go on with --resume"
      fi
    elif { [ -s "$state/ended" ] && rank_0_is_here; } || has_dead_rank; then
      limit=${limit:-$((SECONDS + 5))} # the others would wait for it for ever
    elif [ $SECONDS -ge $met_by ] && rank_0_is_here; then
      limit=$SECONDS reason="the ranks have not met in $meet_s s"
    fi
    if [ -n "$limit" ] && [ $SECONDS -ge "$limit" ]; then
      cut_short=1 why=$reason
      end $silent
      break
    fi
    # mpirun kills its ranks a second after SIGINT or SIGTERM; SIGUSR1 it passes on, and the program takes it as the same wish,
    # and SIGUSR2 as that of a person at a terminal, who waits for no work to be finished.
    # All ranks that have met listen: before, it would kill them. The job stops in its own time.
    if [ -n "$asked" ] && [ "$word" = running ] && { [ -z "$passed_on" ] || [ -n "$tick" ]; }; then
      if [ "$asked" = 2 ]; then kill -USR2 "$mpirun"; else kill -USR1 "$mpirun"; fi
      passed_on=1
    fi
    nap
  done 2>/dev/null
}

# mpirun itself; it ends with such a code, too, when a signal ends a rank, but then its log names that rank.
mpirun_was_killed() {
  [ "$status" -gt 128 ] && [ "$status" -le 192 ] && [ -z "$cut_short" ] || return 1
  [ -n "$recovery" ] || ! grep -qv NORMALLY "$state/ended"
}

# Finds `why` a launch failed whose rank 0 has not said its exit code; nothing where mpirun's boxes say it better.
explain() {
  local rank='' how=''
  if mpirun_was_killed; then
    why="mpirun was killed by signal $((status - 128))${job:+; go on with --resume}"
    status=1
    kill -KILL $(remaining) 2>/dev/null # no job: not ended yet
  elif [ -z "$job" ]; then
    return
  elif [ -n "$why" ]; then
    [ -n "$word" ] || unmet=1
  elif [ -z "$word" ] && read -r rank how <"$state/ended"; then
    case "$how" in
      *SIGNAL) how='was ended by a signal' ;;
      *NON-ZERO*)
        how='exited with non-zero status'
        [ -n "$recovery$cut_short" ] || how+=" ($status)" # mpirun's own, then
        ;;
      *ABORT) how='gave up' ;; # MPI did not start there: it has said why
      *) how='ended' ;;
    esac
    why="rank $rank $how before all ranks had met"
    grep -q -e '^0 EXITED' -e '^0 CALLED' "$state/ended" || unmet=1 # what rank 0 ends for, it would end for again
  elif rank_0_has_ended; then
    why="rank 0 was lost; what was finished can be resumed"
  elif [ ! -s "$state/boxes" ]; then
    why="mpirun ended with exit code $status before rank 0 did; go on with --resume"
  fi
}

# Runs mpirun to its end. Leaves in `word` what rank 0 said last (nothing; "running" once all ranks had met; its exit code), in
# `why` what a failure is due to, in `unmet` whether it kept the ranks from meeting, in `status` mpirun's own exit code.
launch() {
  local filtering cut_short='' began=$SECONDS met_by=$((SECONDS + meet_s))
  word='' why='' unmet='' status=0
  rm -f "$state/ending"
  : >"$state/exit"
  : >"$state/boxes"
  : >"$state/ended"
  exec 3> >(filter >&2)
  filtering=$!
  # Rank 0 leaves word in HARMONIC_EXIT_FILE: under --enable-recovery mpirun ends with 0 whatever its ranks end with.
  HARMONIC_EXIT_FILE="$state/exit" HARMONIC_TERMINAL_COLUMNS=$columns OMPI_MCA_state_base_verbose=1 \
    mpirun $recovery -n "$ranks" "${words[@]}" </dev/null 2>&3 3>&- &
  mpirun=$!
  watch
  exec 3>&-
  wait "$mpirun" 2>/dev/null || status=$?
  [ -z "$job" ] || kill -KILL $(remaining) 2>/dev/null
  for _ in {1..10}; do # what they said last
    kill -0 "$filtering" 2>/dev/null || break
    sleep 0.1
  done
  read -r word <"$state/exit"
  [[ $word =~ ^[0-9]+$ ]] || explain
}

set -m # a process group of its own for mpirun: Ctrl-C comes through the trap only
again=1
while launch; [ -n "$job" ] && [ -z "$word$asked" ]; do
  if [ -n "$recovery" ] && grep -q -e enable-recovery "$state/boxes"; then
    say "this MPI has no --enable-recovery: the run ends when a worker dies, and goes on with --resume"
    recovery=
  elif [ -n "$unmet" ] && [ -n "$again" ]; then
    say "$why: starting again"
    again=
  else
    break
  fi
done

if [[ $word =~ ^[0-9]+$ ]]; then
  exit "$word"
elif [ -n "$job" ] && [ -n "$asked" ]; then
  if [ -z "$word" ]; then
    say "stopped before the ranks had met: nothing was begun, and the same command starts again"
  else
    say "stopped before rank 0 could say so, or after it was gone; what was finished can be resumed"
  fi
  exit 3
elif [ -n "$asked" ]; then
  exit $((128 + asked))
fi
if [ -n "$job" ] && { [ "$status" -ne 0 ] || [ -n "$recovery" ]; }; then status=1; fi # whatever a lost rank ended with
if [ "$status" -ne 0 ]; then
  [ -z "$why" ] || say "$why"
  if [ -s "$state/boxes" ]; then
    say "mpirun says:"
    grep -v '^ *$' "$state/boxes" | sed 's/^/  /' | head -n 16 >&2
  fi
fi
exit "$status"
}
