#!/bin/bash
# Prints the Python to use: the distribution's, which is compiled with what its profile says, before whichever comes
# first in PATH, which often is not and takes half as long again (DECISIONS.md). `make PYTHON=…` overrides it.
usable() {
  "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'
} 2>/dev/null

for python in /usr/bin/python3 python3; do
  if usable "$python"; then
    echo "$python"
    exit
  fi
done
# What it lacks is said by whoever needs it.
echo python3
