#!/bin/bash
# Usage: need.sh NAME…: installs the Debian packages that are missing, or says exactly what to install and exits 1.
set -euo pipefail
python=${PYTHON:-python3}

present() {
  case $1 in
    postgresql) command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' ;;
    redis-server) command -v redis-server ;;
    prometheus) command -v prometheus && command -v promtool ;;
    chromium) command -v chromium ;;
    openssh-server) test -x /usr/sbin/sshd ;;
    npm) command -v npm ;;
    binutils) command -v objdump && command -v strip ;;
    venv) "$python" -c 'import ensurepip, venv' ;;
    libpython) "$python" -c 'import ctypes, sysconfig as s; ctypes.CDLL(s.get_config_var("INSTSONAME"))' ;;
    build-essential | *-dev) dpkg-query -W -f='${Status}' "$1" | grep -q 'ok installed' ;;
    *) echo "need.sh: unknown name $1" >&2; exit 2 ;;
  esac
} >/dev/null 2>&1

package() {
  case $1 in
    venv) echo python3-venv ;;
    libpython) "$python" -c 'import sys; print("libpython%d.%d" % sys.version_info[:2])' ;;
    *) echo "$1" ;;
  esac
}

missing=()
for name in "$@"; do
  present "$name" || missing+=("$(package "$name")")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo -n)
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
  echo "Missing: ${missing[*]}. Install with: sudo apt-get install ${missing[*]}" >&2
  exit 1
fi
echo "Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq </dev/null
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
