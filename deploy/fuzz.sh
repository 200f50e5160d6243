#!/usr/bin/env bash
# Feeds what reads strangers' bytes with bytes of no kind, for SECONDS each [default: 60], two programs at a time. Ends with 1 when
# one of them crashed, hung or took too much memory; the input that did it then lies in build-fuzz/findings.
#   deploy/fuzz.sh [SECONDS [NAME ...]]        NAME: codec, journal, …; all of tests/fuzz when none is given
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/env.sh"
cd "$HARMONIC_ROOT"
seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "fuzz.sh: SECONDS is '$seconds'; give a whole number from 1, then names: deploy/fuzz.sh 60 journal" >&2; exit 2; }
shift || true
HARMONIC_CLANG=1 ./deploy/setup.sh
cmake --preset fuzz >/dev/null
cmake --build build-fuzz --target fuzz
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for program in build-fuzz/fuzz/*_fuzz; do
    program=${program##*/}
    names+=("${program%_fuzz}")
  done
fi

# What is written and flushed lies in memory, where there is such a folder: the disk's speed is not what is looked at.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# Without a stock of freed memory, so that the limits below are of what an input makes the code hold.
export ASAN_OPTIONS=quarantine_size_mb=16:allow_addr2line=1 UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS=suppressions=tests/leaks.txt:print_suppressions=0

fuzz() { # NAME; what it learns is kept in the build folder, beside the seeds of the source tree
  local log=build-fuzz/fuzz/$1.log corpora=("build-fuzz/corpus/$1") length=4096
  [ "$1" != checkpoint ] || length=65536 # HDF5 files are not shorter
  [ ! -d "tests/fuzz/corpus/$1" ] || corpora+=("tests/fuzz/corpus/$1")
  mkdir -p "build-fuzz/corpus/$1" build-fuzz/findings
  if "build-fuzz/fuzz/$1_fuzz" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=512 -malloc_limit_mb=64 -max_len="$length" -print_final_stats=1 \
    -artifact_prefix="build-fuzz/findings/$1-" "${corpora[@]}" >"$log" 2>&1; then
    echo "$1: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, no finding"
  else
    tail -n 60 "$log"
    echo "$1: a finding, see $log"
    return 1
  fi
}
export -f fuzz
export seconds
printf '%s\n' "${names[@]}" | xargs -P 2 -I '{}' bash -c 'fuzz {}'
