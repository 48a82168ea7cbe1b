#!/bin/bash
# Usage: install.sh FOLDER: the clients in the versions that were tried, from npm and PyPI; about 1.5 GB.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$1
python=${PYTHON:-python3}

if ! command -v npm >/dev/null; then
  echo "Claude Code and Codex come from npm, which is missing. Install Node.js 18 or newer." >&2
  exit 1
fi
npm install --no-audit --no-fund --silent --prefix "$folder/node" @anthropic-ai/claude-code@2.1.197 @openai/codex@0.171.0
# npm may be set up to run no scripts; this one puts the program in its place.
(cd "$folder/node/node_modules/@anthropic-ai/claude-code" && node install.cjs)
"$python" -m venv "$folder/sdks"
"$folder/sdks/bin/python" -m pip install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0
"$python" -m venv "$folder/aider"
"$folder/aider/bin/python" -m pip install --quiet --disable-pip-version-check aider-chat==0.86.2
touch "$folder/.ready"
