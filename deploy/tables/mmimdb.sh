#!/usr/bin/env bash
# From MM-IMDB's raw files to its published table, reproduced by both protocols. Called again it goes on where it was.
#
#   deploy/tables/mmimdb.sh RAW [OUT]
#
#   RAW     folder with multimodal_imdb.hdf5 (15.6 GB) and mmimdb_split.json (configs/README.md)
#   OUT     where all is written [default: runs/tables/mmimdb]; OUT/<protocol>/reproduced.html is the table
#
# Of the environment: RANKS, of the training and of a reproduction, one of which leads [3]; SEEDS, fusion searches a row [3]; LUTS,
# the folder of the published look-up tables (lut_ofa_imdb_tx2.json, lut_fusion_tx2.json), without which costs are of the device of
# configs/mmimdb.cfg and not judged; TRAIN and REPRODUCE, more options of these commands. Needs a GPU a rank, or days of many cores.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/../env.sh"
[ $# -ge 1 ] || { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 2; }
raw=$(readlink -m "$1") out=$(readlink -m "${2:-$HARMONIC_ROOT/runs/tables/mmimdb}")
cd "$HARMONIC_ROOT"
read -ra train <<<"${TRAIN-}"
read -ra reproduce <<<"${REPRODUCE-}"
mkdir -p "$out"

[ -f "$out/data.h5" ] || build/harmonic data import mmimdb --in "$raw/multimodal_imdb.hdf5" --split "$raw/mmimdb_split.json" --out "$out/data.h5"
for modality in image=mmimdb-image text=maxout; do
  ./deploy/mpirun.sh "${RANKS:-3}" build/harmonic supernet train --data "$out/data.h5" --modality "${modality%=*}" \
    --space "${modality#*=}" --out "$out/${modality%=*}.h5" --resume "${train[@]}"
done

devices=()
if [ -n "${LUTS-}" ]; then
  # The published sums leave the text network out, and are with the classifier's row of 1000 classes.
  build/harmonic lut import --in "$LUTS/lut_ofa_imdb_tx2.json" --in "$LUTS/lut_fusion_tx2.json" --device "Jetson TX2" \
    --set "Maxout-input:300-hidden:128-blocks:2-factor:2-pool:4=0,0" --out "$out/tx2.json" --date 2023-01-01
  devices=(--device "tx2=$out/tx2.json" --head-classes 1000)
  build/harmonic reproduce --table mmimdb --lut "$out/tx2.json" --run "$out/costs"
fi
for protocol in honest published; do
  ./deploy/mpirun.sh "${RANKS:-3}" build/harmonic reproduce --config configs/mmimdb.cfg --table mmimdb --protocol $protocol \
    --seeds "${SEEDS:-3}" --data "$out/data.h5" --run "$out/$protocol" --modality "image=mmimdb-image,$out/image.h5" \
    --modality "text=maxout,$out/text.h5" "${devices[@]}" --resume "${reproduce[@]}"
done
