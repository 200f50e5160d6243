#!/usr/bin/env bash
# The whole way on a fresh machine: installs, builds, makes the embedded data set, trains its supernets, searches on
# three ranks, and says where the front and the report are. What is there already is not made again.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/env.sh"
cd "$HARMONIC_ROOT"
run=runs/quickstart
step() { printf '\n== %s\n' "$*"; }

step "Build"
unity=${HARMONIC_UNITY:-}
[ -f build/build.ninja ] || unity=${unity:-ON} # nobody works on the code yet
HARMONIC_UNITY=$unity ./deploy/build.sh harmonic

mkdir -p "$run"
if [ ! -f "$run/digits.h5" ]; then
  step "Data set: drawn digits and synthesised sounds"
  build/harmonic data synth --kind av-digits --out "$run/digits.h5"
fi
# Side by side, a core each: sharing a small supernet between two ranks gains little.
train() {
  ./deploy/mpirun.sh 1 build/harmonic supernet train --config configs/quickstart-supernet.cfg --data "$run/digits.h5" \
    --modality "$1" --space "avmnist-$1" --out "$run/$1.h5" --threads 1 --resume 2>&1 | sed -u "s/^/$1: /"
}
missing=()
for modality in image audio; do
  [ -f "$run/$modality.h5" ] || missing+=("$modality")
done
if [ ${#missing[@]} -gt 0 ]; then
  step "Supernets: ${missing[*]}"
  jobs=()
  for modality in "${missing[@]}"; do
    train "$modality" &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do wait "$job"; done
fi

step "Search: one master, two workers"
resume=()
[ ! -f "$run/search/journal" ] || resume=(--resume)
./deploy/mpirun.sh 3 build/harmonic search --config configs/quickstart.cfg --data "$run/digits.h5" --run "$run/search" "${resume[@]}"
