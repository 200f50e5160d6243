#!/usr/bin/env bash
# Checks core, proto and master, which need no LibTorch, with Clang: their unit tests under the address and undefined-behaviour
# sanitizers, the fuzz targets for SECONDS each [default: 60], clang-tidy.
#   deploy/check.sh [SECONDS]
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$HARMONIC_ROOT"
export HARMONIC_CHECKS=1
./deploy/setup.sh
[ -f build-fuzz/build.ninja ] || cmake --preset fuzz
cmake --build build-fuzz
ctest --test-dir build-fuzz -L unit --output-on-failure --parallel 2
./deploy/fuzz.sh "${1:-60}"
git ls-files 'core/*.cpp' 'proto/*.cpp' 'master/*.cpp' ':!master/compute.cpp' | xargs -P 2 -n 4 clang-tidy-16 --quiet -p build-fuzz
