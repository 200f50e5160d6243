#!/usr/bin/env bash
# What a machine with a GPU has to show, in one command: builds; unit tests that compute on CUDA, golden numbers on the CPU; NCCL in a
# world of one rank, and of one a GPU; data, training, search and front on CUDA; then bench_gpu.
# All of it goes into one file of figures, as JSON: what passed, how long it took, what was measured.
#
#   deploy/gpu-check.sh [--dry-run] [FILE]    [default: build/gpu-check.json]
#
# --dry-run: where there is no GPU, the same way on the stand-in accelerator and the CPU, with little to measure
# HARMONIC_GPU_CHECK_BUILT=1: what it runs is built already
# Exit codes: 0 all passed; 1 something failed, which the file names; 2 no GPU here
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/env.sh"
cd "$HARMONIC_ROOT"

dry=
file=build/gpu-check.json
for argument in "$@"; do
  case $argument in
    --dry-run) dry=1 ;;
    -*) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 2 ;;
    *) file=$argument ;;
  esac
done
say() { printf 'gpu-check: %s\n' "$*" >&2; }

gpus=0
if command -v nvidia-smi >/dev/null; then gpus=$(nvidia-smi -L 2>/dev/null | grep -c '^GPU' || true); fi
if [ "$gpus" -eq 0 ] && [ -z "$dry" ]; then
  say "no GPU here: run it on a machine that has one, or with --dry-run"
  exit 2
fi
if [ -n "$dry" ]; then gpus=0; fi
device=cuda compute=cuda
if [ -n "$dry" ]; then device=stand-in compute=cpu; fi

tests=(fusion_test worker_train_test worker_backbone_test worker_device_test)
[ -n "${HARMONIC_GPU_CHECK_BUILT:-}" ] || ./deploy/build.sh harmonic "${tests[@]}" nccl_test bench_gpu

mkdir -p "$(dirname "$file")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks=() failed=0
# check NAME COMMAND…: runs it, and notes how it went. Its output is shown where it failed.
check() {
  local name=$1 outcome=passed start=$SECONDS
  shift
  say "$name"
  if ! "$@" >"$work/log" 2>&1; then
    outcome=failed failed=1
    tail -n 40 "$work/log" >&2
  elif grep -q '^SKIPPED:' "$work/log"; then
    outcome=skipped
  fi
  checks+=("{\"check\": \"$name\", \"outcome\": \"$outcome\", \"seconds\": $((SECONDS - start))}")
  if [ "$outcome" != passed ]; then say "$name: $outcome"; fi
}

for test in fusion_test worker_train_test worker_backbone_test; do
  check "$test on $device" env HARMONIC_TEST_DEVICE=$device "build/tests/$test" '[device]~[shared]~[exact]'
done
[ -n "$dry" ] || check "fusion_test, a GPU beside the CPU" build/tests/fusion_test '[gpu]'
check "golden numbers, on the CPU" build/tests/fusion_test '[shared]'
check "golden numbers of backbones, on the CPU" build/tests/worker_backbone_test '[shared]'
check "budgets of a step, on the stand-in accelerator" env CUDA_VISIBLE_DEVICES= build/tests/worker_device_test
check "NCCL, a world of one" mpirun -n 1 build/tests/nccl_test
if [ "$gpus" -gt 1 ]; then check "NCCL, a rank a GPU" mpirun -n "$gpus" build/tests/nccl_test; fi

# From data to a front.
whole() { # whole COMPUTE FOLDER
  local run=build/harmonic out=$2 modality
  local train=(--config configs/quickstart-supernet.cfg) search=(--config configs/quickstart.cfg)
  if [ -n "$dry" ]; then
    train+=(--epochs 1 --validate-every 1)
    search+=(--population 4 --generations 1 --pairs 2 --retrain-epochs 2 --trials 1)
  fi
  mkdir -p "$out"
  "$run" data synth --kind av-digits --out "$out/data.h5" --samples 300 || return
  for modality in image audio; do
    "$run" supernet train "${train[@]}" --data "$out/data.h5" --modality "$modality" --space "avmnist-$modality" \
      --out "$out/$modality.h5" --compute "$1" || return
    search+=(--modality "$modality=avmnist-$modality,$out/$modality.h5")
  done
  mpirun -n 2 "$run" search "${search[@]}" --data "$out/data.h5" --run "$out/run" --compute "$1" || return
}
check "training, search and front with --compute $compute" whole "$compute" "$work/whole"

bench=(build/bench/bench_gpu --out "$work/figures.json")
if [ -n "$dry" ]; then
  bench+=(--cpu --genomes 2 --samples 200 --steps 2 --epochs 1 --pairs 1 --pairs 2)
fi
check "figures" "${bench[@]}"
counts=(env CUDA_VISIBLE_DEVICES= build/bench/bench_gpu --only counts --out "$work/counts.json")
if [ -n "$dry" ]; then counts+=(--pairs 1 --pairs 2); fi
check "kernels and waits a step" "${counts[@]}"

name=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null | head -n 1 || true)
{
  echo "{\"gpus\": $gpus, \"gpu\": \"$name\", \"dry_run\": $([ -n "$dry" ] && echo true || echo false),"
  echo "\"version\": \"$(git describe --always --dirty 2>/dev/null || true)\","
  echo "\"checks\": ["
  for i in "${!checks[@]}"; do echo "${checks[i]}$([ "$i" -eq $((${#checks[@]} - 1)) ] || echo ,)"; done
  echo "], \"measured\": $(cat "$work/figures.json" 2>/dev/null || echo null),"
  echo "\"counted\": $(cat "$work/counts.json" 2>/dev/null || echo null)}"
} >"$file"
say "$file: ${#checks[@]} checks, $([ "$failed" -eq 0 ] && echo all passed || echo some failed)"
exit "$failed"
