#!/usr/bin/env bash
# python_with.sh NAME PACKAGE...: prints a Python that has these packages of PyPI: that of the virtual environment NAME in the
# cache, which is made where there is none, or one of other packages. Exit code 1 where it cannot be made.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/../../deploy/env.sh"
venv="$HARMONIC_CACHE/tests-$1"
shift
mkdir -p "$HARMONIC_CACHE"
exec 9>"$venv.lock"
flock 9 # two tests may want it at the same time
if [ "$(cat "$venv/complete" 2>/dev/null)" != "$*" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv" >&2
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 "$@" >&2
  echo "$*" >"$venv/complete"
fi
echo "$venv/bin/python"
