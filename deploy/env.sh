# Sourced by the scripts beside it: where things are, and what Open MPI needs to hear.
HARMONIC_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
HARMONIC_TORCH_VERSION=2.11.0
# A container's user may have no home, or `/`: what is cached then lies in the clone.
case "${HOME:-/}" in /) export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HARMONIC_ROOT/.cache} ;; esac
HARMONIC_CACHE=${HARMONIC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/harmonic}
export HARMONIC_CACHE
HARMONIC_ONNX_VERSION=1.23.2 HARMONIC_ONNX_RUNTIME_VERSION=1.32.0 # of the Python packages that tests check exports with
HARMONIC_ONNX_VENV=$HARMONIC_CACHE/onnxruntime-$HARMONIC_ONNX_RUNTIME_VERSION
HARMONIC_TENSORBOARD_VERSION=2.21.0 # likewise, curves
HARMONIC_TENSORBOARD_VENV=$HARMONIC_CACHE/tensorboard-$HARMONIC_TENSORBOARD_VERSION

# As root (containers), and with more ranks than cores, Open MPI wants to be told that it is meant.
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
export OMPI_MCA_rmaps_base_oversubscribe=1
# Compute threads that wait for each other sleep: where cores are shared with other programs, spinning costs many times the work.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
# No warnings about networks that a machine does not have, no binding of ranks that share cores.
export OMPI_MCA_btl_base_warn_component_unused=0 OMPI_MCA_hwloc_base_binding_policy=none
