#!/usr/bin/env bash
# Installs what is missing, builds (the programs that measure, too), runs all tests. Arguments go to ctest, e.g. -L unit, -R fusion.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/env.sh"
cd "$HARMONIC_ROOT"
unity=${HARMONIC_UNITY:-}
[ -f build/build.ninja ] || unity=${unity:-ON} # nobody works on the code yet
HARMONIC_UNITY=$unity ./deploy/build.sh all bench
exec ctest --test-dir build --output-on-failure --parallel 2 "$@"
