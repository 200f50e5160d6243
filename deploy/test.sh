#!/usr/bin/env bash
# Installs what is missing, builds (the programs that measure, too), runs all tests. Arguments go to ctest, e.g. -L unit, -R fusion.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/env.sh"
cd "$HARMONIC_ROOT"
[ -f build/build.ninja ] || export HARMONIC_UNITY=${HARMONIC_UNITY:-ON} # nobody works on the code yet
./deploy/build.sh all bench
exec ctest --test-dir build --output-on-failure --parallel 2 "$@"
