#!/usr/bin/env bash
# Checks core, proto and master, which need no LibTorch, with Clang: their unit tests under the address and undefined-behaviour
# sanitizers, the fuzz targets for SECONDS each [default: 60], clang-tidy. Ends with 1 at the first of them that finds something.
#   deploy/check.sh [SECONDS [PART…]]    PARTs are tests, fuzz, tidy [default: all]
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/env.sh"
cd "$HARMONIC_ROOT"
seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "check.sh: SECONDS is '$seconds'; give a whole number from 1, then parts: deploy/check.sh 60 tidy" >&2; exit 2; }
parts=" ${*:2} "
for part in "${@:2}"; do
  case "$part" in tests | fuzz | tidy) ;; *) echo "check.sh: no part '$part'; there are tests, fuzz and tidy" >&2; exit 2 ;; esac
done
[ $# -gt 1 ] || parts=' tests fuzz tidy '
HARMONIC_CLANG=1 ./deploy/setup.sh
cmake --preset fuzz >/dev/null
cmake --build build-fuzz --target unit_tests fuzz
# Sanitizers alone: a fault that is no crash ends a test, too. Where a stack trace is needed, binutils name its lines.
export ASAN_OPTIONS=allow_addr2line=1 UBSAN_OPTIONS=print_stacktrace=1
[[ $parts != *' tests '* ]] || ctest --test-dir build-fuzz -L unit --output-on-failure --parallel 2
[[ $parts != *' fuzz '* ]] || ./deploy/fuzz.sh "$seconds"
[[ $parts == *' tidy '* ]] || exit 0
echo "clang-tidy" # over the larger units: headers are read once for a folder
sed -n 's/^ *"file": "\(.*\)".*/\1/p' build-fuzz/compile_commands.json | grep -Ev '/tests/|\.pb\.cc$' |
  xargs -P "$(nproc)" -n 1 clang-tidy-16 --quiet -p build-fuzz 2>&1 | sed '/warnings generated\.$/d' # those of headers not ours
