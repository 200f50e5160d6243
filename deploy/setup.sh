#!/usr/bin/env bash
# Installs what Harmonic needs, once. A second call finds everything there and does nothing.
#
#   deploy/setup.sh            Debian 12 packages, and LibTorch in a cache folder that all clones share
#
# To use what is there already:
#   HARMONIC_TORCH_ROOT=DIR    this LibTorch (the folder with include/ and lib/); none is installed
#   HARMONIC_SKIP_PACKAGES=1   install no packages: compiler, MPI and libraries are yours (module load, spack, …)
#   HARMONIC_CHECKS=1          also what .ci/run checks exports and curves with (ONNX Runtime, TensorBoard)
#   HARMONIC_CLANG=1           also what deploy/check.sh and deploy/fuzz.sh check with
#   HARMONIC_SLURM=1           also the Slurm that deploy/slurm/local-cluster.sh starts; none is configured or started
#   HARMONIC_CACHE=DIR         cache folder [default: $XDG_CACHE_HOME/harmonic, or ~/.cache/harmonic]
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/env.sh"

python=(python3 python3-venv ca-certificates) # what fetches LibTorch
packages=(
  build-essential cmake ninja-build ccache pkg-config openmpi-bin libopenmpi-dev
  libboost-program-options-dev libhdf5-dev libprotobuf-dev protobuf-compiler libonnx-dev libfmt-dev libspdlog-dev
  nlohmann-json3-dev libsndfile1-dev libsoxr-dev libstb-dev libfftw3-dev libicu-dev zlib1g-dev libjpeg62-turbo-dev libxxhash-dev librandom123-dev libeigen3-dev libgraphviz-dev
  catch2 libpagmo-dev libboost-serialization-dev libtbb-dev clang-format python3-h5py # tests and checks only
)
[ -z "${HARMONIC_CLANG:-}" ] || packages+=(clang-16 libclang-rt-16-dev clang-tidy-16)
[ -z "${HARMONIC_SLURM:-}" ] || packages+=(slurmctld slurmd slurm-client munge iproute2)

venv="$HARMONIC_CACHE/torch-$HARMONIC_TORCH_VERSION"
say() { printf 'setup: %s\n' "$*"; }

# install_packages NAME...
install_packages() {
  [ -z "${HARMONIC_SKIP_PACKAGES:-}" ] || return 0
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "this is no Debian: install the equivalents of these, then call again with HARMONIC_SKIP_PACKAGES=1:"
    say "  ${python[*]} ${packages[*]}"
    exit 2
  fi
  local missing=() installed
  installed=$(dpkg-query -W -f '${db:Status-Status}=${Package} ' "$@" 2>/dev/null || true)
  for package in "$@"; do
    [[ $installed == *"installed=$package "* ]] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { say "needs root to install: ${missing[*]}"; exit 2; }
    sudo=(sudo)
  fi
  say "installing ${missing[*]}"
  [ -n "${updated:-}" ] || "${sudo[@]}" apt-get update -qq
  updated=1
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

install_torch() {
  [ -z "${HARMONIC_TORCH_ROOT:-}" ] || { say "LibTorch is yours: $HARMONIC_TORCH_ROOT"; return; }
  [ ! -f "$venv/complete" ] || return 0
  say "installing LibTorch $HARMONIC_TORCH_VERSION into $venv (4 GB with its CUDA libraries, half a minute to two)"
  rm -rf "$venv"
  python3 -m venv "$venv"
  # uv fetches and unpacks side by side, in a quarter of pip's time; the compiler of Python's GPU kernels stays out. What
  # it cannot do, for want of pip's own settings, pip does.
  local wanted="torch==$HARMONIC_TORCH_VERSION" pip=("$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile)
  local uv=("$venv/bin/uv" --no-cache pip install --quiet --python "$venv/bin/python" --override "$venv/without")
  [ -z "${PIP_INDEX_URL:-}" ] || uv+=(--default-index "$PIP_INDEX_URL")
  echo "triton; python_version < '3'" >"$venv/without"
  { "${pip[@]}" uv && UV_NATIVE_TLS=1 UV_SYSTEM_CERTS=1 "${uv[@]}" "$wanted"; } || "${pip[@]}" "$wanted"
  touch "$venv/complete"
}

# Headers that those of CUDA's runtime include, and that the packages of LibTorch do not bring.
install_cuda_headers() {
  [ -z "${HARMONIC_TORCH_ROOT:-}" ] || return 0
  local headers="$venv/lib/python3*/site-packages/nvidia/cu13/include"
  if compgen -G "$headers/crt/host_config.h" >/dev/null && compgen -G "$headers/nv/target" >/dev/null; then return 0; fi
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "nvidia-cuda-crt==13.0.*" "nvidia-cuda-cccl==13.0.*"
}

# install_for_tests FOLDER PACKAGE...: a Python environment of its own for what tests read the program's files with.
install_for_tests() {
  local folder=$1
  shift
  [ ! -f "$folder/complete" ] || return 0
  say "installing $* into $folder"
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
  touch "$folder/complete"
}
# Those that run exported models, and that show curves.
install_test_packages() {
  [ -n "${HARMONIC_CHECKS:-}" ] || return 0
  install_for_tests "$HARMONIC_ONNX_VENV" "onnxruntime==$HARMONIC_ONNX_RUNTIME_VERSION" "onnx==$HARMONIC_ONNX_VERSION"
  install_for_tests "$HARMONIC_TENSORBOARD_VENV" "tensorboard==$HARMONIC_TENSORBOARD_VERSION"
}

mkdir -p "$HARMONIC_CACHE"
exec 9>"$HARMONIC_CACHE/setup.lock"
flock 9 # two clones may be set up at the same time
[ -z "${HARMONIC_SKIP_PACKAGES:-}" ] || say "packages are yours (HARMONIC_SKIP_PACKAGES)"
install_packages "${python[@]}"
( install_torch; install_cuda_headers; install_test_packages ) & # beside the packages
torch=$!
install_packages "${packages[@]}"
wait "$torch"
