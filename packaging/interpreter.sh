#!/bin/bash
# Prints the Python to use: the one that `make python` has compiled, or the distribution's, before whichever comes first
# in PATH, which often is compiled without its profile and takes half as long again (DECISIONS.md).
cd "$(dirname "$0")/.."

usable() {
  "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'
} 2>/dev/null

for python in "$PWD/.python/bin/python3" /usr/bin/python3 python3; do
  if usable "$python"; then
    echo "$python"
    exit
  fi
done
# What it lacks is said by whoever needs it.
echo python3
