#!/usr/bin/env bash
# Feeds what reads strangers' bytes with bytes of no kind, for SECONDS each [default: 60], two programs at a time. Ends with 1 when
# one of them crashed, hung or took too much memory; the input that did it then lies in build-fuzz/findings.
#   deploy/fuzz.sh [SECONDS [NAME ...]]        NAME: codec, journal, …; all of tests/fuzz when none is given
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$HARMONIC_ROOT"
seconds=${1:-60}
shift || true
HARMONIC_CHECKS=1 ./deploy/setup.sh
[ -f build-fuzz/build.ninja ] || cmake --preset fuzz
cmake --build build-fuzz --target fuzz
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for program in build-fuzz/fuzz/*_fuzz; do
    program=${program##*/}
    names+=("${program%_fuzz}")
  done
fi

fuzz() { # NAME; what it learns is kept in the build folder, beside the seeds of the source tree
  local log=build-fuzz/fuzz/$1.log corpora=("build-fuzz/corpus/$1")
  [ ! -d "tests/fuzz/corpus/$1" ] || corpora+=("tests/fuzz/corpus/$1")
  mkdir -p "build-fuzz/corpus/$1" build-fuzz/findings
  if "build-fuzz/fuzz/$1_fuzz" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 \
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
