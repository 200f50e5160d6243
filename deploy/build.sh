#!/usr/bin/env bash
# Installs what is missing and builds. Arguments are targets for the build [default: all].
#
#   HARMONIC_UNITY=ON|OFF    compile the sources of a folder together, which builds the whole sooner and rebuilds one file later;
#                            what a build folder has it keeps [default: OFF]
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/env.sh"
cd "$HARMONIC_ROOT"
./deploy/setup.sh

unity=${HARMONIC_UNITY:-$(sed -n 's/^larger units //p' build/conditions 2>/dev/null || true)}
unity=${unity:-OFF}

# What the build depends on from outside; where that changed, everything is looked for anew.
conditions() {
  echo "LibTorch $HARMONIC_TORCH_VERSION ${HARMONIC_TORCH_ROOT:-in $HARMONIC_CACHE}"
  echo "compiler ${CXX:-c++} $(${CXX:-c++} --version | head -n 1), flags ${CXXFLAGS:-}"
  echo "MPI $(command -v mpicxx) $(mpirun --version 2>/dev/null | head -n 1)"
  echo "libraries ${CMAKE_PREFIX_PATH:-} ${PKG_CONFIG_PATH:-} ${HDF5_ROOT:-}"
  echo "larger units $unity"
  cksum CMakePresets.json
}
if [ ! -f build/build.ninja ] || [ "$(conditions)" != "$(cat build/conditions 2>/dev/null)" ]; then
  mkdir -p build
  rm -f build/conditions
  cmake --fresh --preset default "-DHARMONIC_UNITY=$unity" >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
  conditions >build/conditions
fi
cmake --build build -- "$@"
