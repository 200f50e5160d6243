#!/usr/bin/env bash
# The published table of supernets: of each, the largest sub-network on test. For the data sets whose scripts beside this one have
# imported them and trained their supernets; what is there of another's folder is measured, the rest is named. Called again it goes
# on where it was.
#
#   deploy/tables/supernets.sh [TABLES]
#
#   TABLES  the folder with avmnist/, mmimdb/ and harmp/ in it [default: runs/tables]; TABLES/<name>/supernets/reproduced.html, and
#           TABLES/supernets/reproduced.html of them all
#
# Of the environment: RANKS, one of which leads [3]. Needs data.h5 and a supernet a modality in these folders, minutes of a core for
# AV-MNIST, a GPU or an hour for the others.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/../env.sh"
tables=$(readlink -m "${1:-$HARMONIC_ROOT/runs/tables}")
cd "$HARMONIC_ROOT"
measured=()
measure() { # NAME SECOND MODALITY'S NAME AND SPACE
  local name=$1 second=$2 space=$3 folder=$tables/$1
  for file in data.h5 image.h5 "$second.h5"; do
    if [ ! -f "$folder/$file" ]; then
      echo "$name: no $folder/$file; deploy/tables/$name.sh makes it"
      return 0
    fi
  done
  ./deploy/mpirun.sh "${RANKS:-3}" build/harmonic reproduce --config "configs/$name.cfg" --table supernets --data "$folder/data.h5" \
    --run "$folder/supernets" --modality "image=$name-image,$folder/image.h5" --modality "$second=$space,$folder/$second.h5" --resume
  measured+=("$folder/supernets")
}
measure avmnist audio avmnist-audio
measure mmimdb text maxout
measure harmp text maxout
[ ${#measured[@]} -eq 0 ] || build/harmonic reproduce --join "${measured[@]}" --run "$tables/supernets"
