#!/usr/bin/env bash
# Puts the program and the shared libraries that it needs into one folder, for machines that have PyTorch and, for their
# GPUs, a driver, and nothing else of what deploy/setup.sh installs: copy the folder there, and run FOLDER/harmonic.
#
#   deploy/bundle.sh [FOLDER]    [default: build/bundle]; what it held before is replaced
#
# LibTorch and CUDA's libraries are those of PyTorch there (pip install torch==VERSION), so the folder has some 40 MiB.
# FOLDER/mpirun is Open MPI's own, for the ranks of one machine. Its PyTorch has to be of the version built against.
set -euo pipefail
shopt -s nullglob
. "$(dirname "$(readlink -f "$0")")/env.sh"
cd "$HARMONIC_ROOT"
say() { printf 'bundle: %s\n' "$*" >&2; }

folder=${1:-build/bundle}
if [ -d "$folder" ] && [ -n "$(ls -A "$folder")" ] && [ ! -f "$folder/VERSION" ]; then
  say "$folder holds something else: name another folder"
  exit 2
fi
[ -n "${HARMONIC_BUNDLE_BUILT:-}" ] || ./deploy/build.sh harmonic
build=${HARMONIC_BUNDLE_BUILT:-build} # where it is built already

rm -rf "$folder"
glibc=$(getconf GNU_LIBC_VERSION)
mkdir -p "$folder"
echo "harmonic, for PyTorch $HARMONIC_TORCH_VERSION, built with $glibc" >"$folder/VERSION" # first: by it the next call knows the folder
mkdir -p "$folder"/{bin,lib,loader,openmpi/{bin,plugins,share,etc},pmix/{plugins,share}}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

install -m 755 "$build/harmonic" "$folder/bin/harmonic"
for part in "$build"/harmonic-*; do # what the program loads or starts
  case $part in
    *.so) install -m 644 "$part" "$folder/lib/" ;;
    *) [ ! -f "$part" ] || [ ! -x "$part" ] || install -m 755 "$part" "$folder/bin/" ;;
  esac
done
install -m 755 "$(readlink -f "$(command -v mpirun)")" "$folder/openmpi/bin/mpirun"
install -m 755 "$(readlink -f "$(command -v orted)")" "$folder/openmpi/bin/orted"

# Plugins: Open MPI's own, and those of the PMIx that it was built with.
mpi_paths=$(ompi_info --parsable --path all)
mpi_path() { sed -n "s/^path:$1://p" <<<"$mpi_paths" | head -n 1; }
cp "$(mpi_path pkglibdir)"/*.so "$folder/openmpi/plugins/"
cp "$(mpi_path pkgdatadir)"/*.txt "$folder/openmpi/share/"
for text in /usr/share/pmix*/*.txt /usr/lib/*/pmix*/share/pmix/*.txt; do cp "$text" "$folder/pmix/share/"; done
# Not those of OpenSHMEM, of files over MPI, nor of fast networks, whose own libraries are the machine's: between machines
# MPI's messages, which are small, go over TCP. What is large goes from GPU to GPU over NCCL, which finds such networks itself.
for part in debug memheap scoll spml sshmem atomic io fs fbtl fcoll sharedfp mtl osc; do rm -f "$folder/openmpi/plugins/mca_${part}_"*; done
rm -f "$folder"/openmpi/plugins/{libompi_dbg*,mca_reachable_netlink.so,mca_topo_treematch.so,mca_coll_han.so,mca_coll_adapt.so,*_ucx.so,*_openib.so,*_ofi.so,*_monitoring.so}
libraries_of() { # FILE…: the shared libraries that they need, by path
  ldd "$@" 2>/dev/null | sed -n 's/^\t.* => \(\/[^ ]*\) .*/\1/p' | sort -u
}
# Those of PMIx lie in its library, as Debian builds it.
pmix=$(libraries_of "$folder"/openmpi/plugins/*.so | grep '/libpmix\.so' | head -n 1 || true)
if [ -n "$pmix" ]; then
  plugins=$(find "$(dirname "$(readlink -f "$pmix")")" -name 'mca_psec_*.so' -printf '%h\n' | head -n 1)
  [ -z "$plugins" ] || cp "$plugins"/mca_*.so "$folder/pmix/plugins/"
fi

# Not what PyTorch brings, the driver's, or the C library of the machine.
theirs='/(libtorch[^/]*|libc10[^/]*|libshm|libgomp|libnccl|libnv[^/]*|libcu(da|blas|dnn|fft|solver|sparse|rand|pti|file)[^/]*)\.so'
machine='/(ld-linux-[^/]*|libc|libm|libdl|librt|libpthread|libutil|libresolv|libanl|libnss_[a-z]*)\.so'
needed() {
  libraries_of "$folder"/bin/* "$folder"/openmpi/bin/* "$folder"/lib/*.so* "$folder"/openmpi/plugins/*.so "$folder"/pmix/plugins/*.so
}
# What nobody here asks for: HDF5 reads files over the net with the first two, which bring twenty more, and sound is decoded,
# never encoded. In their place are libraries of the same names whose functions return 0.
mkdir "$work/stubs"
undefined() { nm -D --with-symbol-versions -u "$@" 2>/dev/null | sed -n 's/^ *[Uw] //p' | sort -u; }
stub() { # NAME USER: the library NAME, for what the library USER asks of it
  local user real tag functions
  user=$(libraries_of "$folder"/bin/* | grep "/$2" | head -n 1 || true)
  [ -n "$user" ] || return 0
  real=$(libraries_of "$user" | grep "/$1\$" || true)
  [ -n "$real" ] || return 0
  functions=$(nm -D --defined-only "$real" | awk '{ sub(/@.*/, "", $3); print $3 }' | sort -u |
    comm -12 - <(undefined "$user" | sed 's/@.*//' | sort -u))
  tag=$(undefined "$user" | grep -F "$(head -n 1 <<<"$functions")@" | head -n 1 | sed 's/.*@//' || true)
  {
    echo ".text"
    for f in $functions; do printf '.global %s\n.type %s, @function\n%s: xor %%eax, %%eax\nret\n' "$f" "$f" "$f"; done
    echo '.section .note.GNU-stack,"",@progbits'
  } >"$work/stub.s"
  local options=()
  if [ -n "$tag" ]; then
    { echo "$tag { global:"; sed 's/$/;/' <<<"$functions"; echo "local: *; };"; } >"$work/stub.map"
    options=("-Wl,--version-script,$work/stub.map")
  fi
  ${CC:-cc} -shared -nostdlib -Wl,-soname,"$1" "${options[@]}" -o "$work/stubs/$1" "$work/stub.s"
}
stub libcurl.so.4 libhdf5
stub libcrypto.so.3 libhdf5
stub libvorbisenc.so.2 libsndfile
stub libmp3lame.so.0 libsndfile

while read -r library; do
  name=$(basename "$library")
  if [[ $library =~ $machine ]]; then
    cp -L "$library" "$folder/loader/"
  elif [[ ! $library =~ $theirs ]]; then
    cp -L "$library" "$folder/lib/"
  fi
done < <(LD_LIBRARY_PATH="$work/stubs:$build${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" needed)
cp -L /lib64/ld-linux-x86-64.so.2 "$folder/loader/"
for name in libnss_files.so.2 libnss_dns.so.2 libdl.so.2 libpthread.so.0 librt.so.1 libutil.so.1; do # asked for by name, by others
  found=$(ldconfig -p | sed -n "s/.*$name (libc6,x86-64.* => //p" | head -n 1)
  [ -z "$found" ] || cp -L "$found" "$folder/loader/"
done

# Of ICU's data only what compares texts: the rest are names of languages, places and times.
icu=$(ls "$folder"/lib/libicudata.so.* 2>/dev/null | head -n 1 || true)
if [ -n "$icu" ]; then
  number=${icu##*.so.}
  python3 deploy/bundle/icu_data.py "$(readlink -f "$icu")" nfkc.nrm >"$work/data.bin"
  cat >"$work/data.s" <<END
.section .rodata
.global icudt${number}_dat
.type icudt${number}_dat, @object
.balign 16
icudt${number}_dat:
.incbin "$work/data.bin"
.size icudt${number}_dat, . - icudt${number}_dat
.section .note.GNU-stack,"",@progbits
END
  ${CC:-cc} -shared -nostdlib -Wl,-soname,"libicudata.so.$number" -o "$icu" "$work/data.s"
fi

find "$folder" -type f \( -name '*.so*' -o -path '*/bin/*' \) ! -name 'libicudata*' -exec chmod u+w {} + -exec strip --strip-unneeded -R .comment {} + 2>/dev/null || true
for part in "$folder"/bin/harmonic-*; do # which the program looks for beside itself: beside the loader, to its eyes
  printf '%s\n' '#!/bin/sh' 'here=${0%/*}' \
    'exec "$here/ld-linux-x86-64.so.2" --library-path "$HARMONIC_BUNDLE_LIBRARIES" "$here/../bin/${0##*/}" "$@"' \
    >"$folder/loader/${part##*/}"
  chmod 755 "$folder/loader/${part##*/}"
done
for name in harmonic mpirun; do
  sed -e "s/@TORCH_VERSION@/$HARMONIC_TORCH_VERSION/g" -e "s/@GLIBC_MINOR@/${glibc#glibc 2.}/g" deploy/bundle/harmonic.sh >"$folder/$name"
  chmod 755 "$folder/$name"
done
say "$folder: $(du -sm "$folder" | cut -f 1) MiB"
