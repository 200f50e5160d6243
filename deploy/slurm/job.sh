# Sourced by the jobs beside it: how the program is called in a Slurm job, and what becomes of a job that runs out of time.

# What every cluster does in its own way is this one line; the job's options stand in the job.
environment() { :; }                                            # Debian 12, or everything in PATH
#environment() { module load openmpi/4.1 hdf5; }                # the site's modules, with which Harmonic was built
#environment() { image=harmonic.sif; }                          # deploy/apptainer.def; mpirun is the site's own, of Open MPI 4.1
environment

root=${SLURM_SUBMIT_DIR:-.} # Slurm runs a copy of the job's file: the clone is where it was submitted
cd "$root" || exit 1
if [ ! -x deploy/mpirun.sh ]; then
  echo "submit this from the root of the clone: there is no deploy/mpirun.sh in $root" >&2
  exit 2
fi
harmonic=(build/harmonic)
if [ -n "${image-}" ]; then harmonic=(apptainer exec --nv "$image" harmonic); fi

# option_of --NAME WORD…: the value that the words give it, the last; empty where they do not.
option_of() {
  local name=$1 value=''
  shift
  while [ $# -gt 0 ]; do
    case "$1" in
      "$name="*) value=${1#"$name="} ;;
      "$name") value=${2-} ;;
    esac
    shift
  done
  printf '%s' "$value"
}

# What a file is like, that grows with every finished piece of work.
state_of() { stat -c '%s %Y' "$1" 2>/dev/null; }

# lead PROGRESS WORD…: harmonic WORD… on all tasks of the job, with the exit code that it ends with. PROGRESS is a file that changes
# with its progress. Slurm's warning before the time limit (SIGUSR1, to this shell alone: --signal=B:) reaches all ranks; the job then
# ends with 3 and, having come further than it was, is queued again, but for HARMONIC_REQUEUE=no. Asked for by scancel, it just ends.
lead() {
  local progress=$1 before code=0 warned='' interrupted='' signal
  shift
  before=$(state_of "$progress")
  ./deploy/mpirun.sh "${SLURM_NTASKS:-1}" "${harmonic[@]}" "$@" &
  local job=$!
  trap 'warned=1 interrupted=1; echo "the time limit is near: stopping with a checkpoint" >&2; kill -USR1 $job 2>/dev/null' USR1
  for signal in TERM INT; do trap "interrupted=1; kill -$signal $job 2>/dev/null" $signal; done
  while wait $job || code=$?; [ -n "$interrupted" ]; do # a signal ends wait, not the job
    interrupted='' code=0
  done
  if [ "$code" -ne 3 ] || [ -z "$warned" ] || [ "${HARMONIC_REQUEUE:-yes}" = no ]; then return $code; fi
  if [ "$(state_of "$progress")" = "$before" ]; then
    echo "no piece of work was finished in the job's time: give it more (--time), or it would never end" >&2
    return 3
  fi
  echo "out of time: queued again" >&2
  scontrol requeue "$SLURM_JOB_ID" || return 3
  sleep 600 # Slurm ends the job
}
