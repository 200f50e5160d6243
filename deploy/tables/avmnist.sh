#!/usr/bin/env bash
# From AV-MNIST's raw files to its published table, reproduced by both protocols. Called again it goes on where it was.
#
#   deploy/tables/avmnist.sh RAW [OUT]
#
#   RAW     folder with mnist/{train,test}/<digit>/*.png and sound_450/{train,test}/<digit>/*.wav (configs/README.md)
#   OUT     where all is written [default: runs/tables/avmnist]; OUT/<protocol>/reproduced.html is the table
#
# Of the environment: RANKS, of a reproduction, one of which leads [3]; SEEDS, fusion searches a row [3]; LUTS, the folder of the
# published look-up tables (lut_ofa_mnist_tx2.json, lut_fusion_tx2.json), without which costs are of the devices of
# configs/avmnist.cfg and not judged; TRAIN and REPRODUCE, more options of these commands. Needs a core a rank, 1 GB of memory each.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/../env.sh"
[ $# -ge 1 ] || { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 2; }
raw=$(readlink -m "$1") out=$(readlink -m "${2:-$HARMONIC_ROOT/runs/tables/avmnist}")
cd "$HARMONIC_ROOT"
read -ra train <<<"${TRAIN-}"
read -ra reproduce <<<"${REPRODUCE-}"
mkdir -p "$out"

[ -f "$out/data.h5" ] || build/harmonic data import avmnist --in "$raw" --out "$out/data.h5" --audio-features published
for modality in image audio; do
  ./deploy/mpirun.sh 1 build/harmonic supernet train --data "$out/data.h5" --modality $modality --space avmnist-$modality \
    --out "$out/$modality.h5" --resume "${train[@]}"
done

devices=()
if [ -n "${LUTS-}" ]; then
  devices=(--device "tx2=$LUTS/lut_ofa_mnist_tx2.json+$LUTS/lut_fusion_tx2.json")
  build/harmonic reproduce --table avmnist --lut "$LUTS/lut_ofa_mnist_tx2.json" --lut "$LUTS/lut_fusion_tx2.json" --run "$out/costs"
fi
for protocol in honest published; do
  ./deploy/mpirun.sh "${RANKS:-3}" build/harmonic reproduce --config configs/avmnist.cfg --table avmnist --protocol $protocol \
    --seeds "${SEEDS:-3}" --data "$out/data.h5" --run "$out/$protocol" --modality "image=avmnist-image,$out/image.h5" \
    --modality "audio=avmnist-audio,$out/audio.h5" "${devices[@]}" --resume "${reproduce[@]}"
done
