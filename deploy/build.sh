#!/usr/bin/env bash
# Installs what is missing and builds. Arguments are targets for the build [default: all].
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$HARMONIC_ROOT"
./deploy/setup.sh
if [ ! -f build/build.ninja ]; then
  mkdir -p build
  cmake --preset default >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
fi
cmake --build build -- "$@"
