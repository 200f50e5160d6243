#!/usr/bin/env bash
# Runs a command in a root that has a bundle, LibTorch, a shell and what that shell needs, and nothing else: for trying what
# deploy/bundle.sh made. As root, or where users may make namespaces.
#
#   deploy/bundle/bare-root.sh BUNDLE TORCH 'COMMAND'    TORCH: the folder torch of PyTorch's package
# The command finds the bundle as /bundle, and may write to /tmp.
set -euo pipefail
[ $# -eq 3 ] || { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 2; }
bundle=$(readlink -f "$1")
site=$(dirname "$(readlink -f "$2")")
root=$(mktemp -d)
trap 'rm -rf --one-file-system "$root"' EXIT
mkdir -p "$root"/{bin,lib64,lib/x86_64-linux-gnu,usr/bin,tmp,dev,proc,sys,bundle,site,etc}
cp /bin/dash "$root/bin/sh"
cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
cp -L /lib/x86_64-linux-gnu/libc.so.6 "$root/lib/x86_64-linux-gnu/"
printf 'root:x:0:0:root:/tmp:/bin/sh\n' >"$root/etc/passwd"
printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
export root bundle site
unshare --mount $([ "$(id -u)" -eq 0 ] || echo --map-root-user) bash -c '
  set -e
  mount --bind "$bundle" "$root/bundle"
  mount --bind "$site" "$root/site"
  mount --rbind /dev "$root/dev"
  mount --rbind /proc "$root/proc"
  mount --rbind /sys "$root/sys"
  exec chroot "$root" /bin/sh -c "export HOME=/tmp TMPDIR=/tmp PATH=/bin:/bundle HARMONIC_TORCH_ROOT=/site/torch; cd /tmp; $1"
' _ "$3"
