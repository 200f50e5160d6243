#!/bin/sh
# Runs the program of this folder beside the LibTorch of a PyTorch installation.
#
#   harmonic COMMAND…          as everywhere
#   mpirun -n RANKS harmonic…  the mpirun of this folder
#
# PyTorch is that of HARMONIC_TORCH_ROOT (the folder `torch` of its package), or of `python3` on the path.
here=$0
while [ -h "$here" ]; do
  target=$(readlink "$here")
  case $target in /*) here=$target ;; *) here=${here%/*}/$target ;; esac
done
name=${0##*/}
case $here in */*) here=${here%/*} ;; *) here=. ;; esac
here=$(cd "$here" && pwd)

torch=${HARMONIC_TORCH_ROOT:-}
if [ -z "$torch" ]; then
  torch=$(python3 -c 'import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] if s else "")' 2>/dev/null)
fi
if [ ! -e "$torch/lib/libtorch_cpu.so" ]; then
  echo "$name: no PyTorch found: pip install torch==@TORCH_VERSION@, or let HARMONIC_TORCH_ROOT name its folder torch" >&2
  exit 2
fi
version=
[ ! -r "$torch/version.py" ] || while read -r key _ value; do
  case $key in __version__) version=${value#?} && version=${version%?} ;; esac
done <"$torch/version.py"
case $version in @TORCH_VERSION@* | '') ;; *)
  echo "$name: PyTorch in $torch is $version: this program needs @TORCH_VERSION@" >&2
  exit 2
  ;;
esac

libraries=$here/lib:$torch/lib
for folder in "$torch"/../nvidia/*/lib; do
  [ ! -d "$folder" ] || libraries=$libraries:$folder
done
export OPAL_PREFIX="$here/openmpi" OPAL_BINDIR="$here/openmpi/bin" OPAL_LIBDIR="$here/lib" OPAL_PKGLIBDIR="$here/openmpi/plugins" \
  OPAL_DATADIR="$here/openmpi/share" OPAL_PKGDATADIR="$here/openmpi/share" OPAL_SYSCONFDIR="$here/openmpi/etc" \
  PMIX_INSTALL_PREFIX="$here/pmix" PMIX_LIBDIR="$here/lib" PMIX_PKGLIBDIR="$here/pmix/plugins" PMIX_PKGDATADIR="$here/pmix/share"
export OMPI_MCA_btl_base_warn_component_unused=0 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_rmaps_base_oversubscribe=1
export PMIX_MCA_pcompress_base_silence_warning=1
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"
if [ "$(id -u 2>/dev/null || echo 0)" = 0 ]; then # in containers, as a rule
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
# Nothing starts ranks on other machines: all are here.
command -v ssh >/dev/null 2>&1 || command -v rsh >/dev/null 2>&1 || export OMPI_MCA_plm="${OMPI_MCA_plm:-isolated}"
program=$here/bin/$name
if [ "$name" = mpirun ]; then program=$here/openmpi/bin/mpirun PATH=$here:$PATH; fi
export PATH

# The machine's own C library where it is new enough, else the one of this folder.
own=$(getconf GNU_LIBC_VERSION 2>/dev/null)
own=${own#glibc }
own_minor=${own#2.}
case $own_minor in '' | *[!0-9]*) own_minor=0 ;; esac
if [ "$own_minor" -ge @GLIBC_MINOR@ ]; then
  LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  export LD_LIBRARY_PATH
  exec "$program" "$@"
fi
export HARMONIC_BUNDLE_LIBRARIES="$here/loader:$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec "$here/loader/ld-linux-x86-64.so.2" --library-path "$HARMONIC_BUNDLE_LIBRARIES" "$program" "$@"
