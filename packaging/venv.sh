#!/bin/bash
# Usage: venv.sh FOLDER PIP-ARGUMENTS: a virtual environment with the pinned versions, made anew only when needed.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
folder=$1
shift

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "AgentHQ needs Python 3.11 or newer; '$python' is $("$python" --version 2>&1 || echo missing). Try: make PYTHON=python3.12" >&2
  exit 1
fi
PYTHON=$python packaging/need.sh venv
started=$SECONDS
echo "Setting up $folder: a minute or three, once"
which='import sys; print(sys.base_prefix, sys.version)'
[ "$("$folder/bin/python" -c "import pip; $which" 2>/dev/null)" = "$("$python" -c "$which")" ] || "$python" -m venv --clear "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --constraint packaging/constraints.txt "$@"
touch "$folder/.ready"
echo "Ready after $((SECONDS - started)) s"
