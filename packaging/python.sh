#!/bin/bash
# Usage: python.sh FOLDER: compiles Debian's own source of Python into FOLDER, with its profile and as one unit.
# What Debian ships as a library is compiled without either, and that library is what an executable carries.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "$1")
packaging/need.sh build-essential dpkg-dev libssl-dev zlib1g-dev libffi-dev libbz2-dev liblzma-dev libsqlite3-dev uuid-dev
work=$(mktemp -d)
started=$SECONDS

end() {
  local code=$?
  [ "$code" = 0 ] || tail -n 40 "$work/log" >&2
  rm -rf "$work"
  exit "$code"
}
trap end EXIT

say() {
  printf '%s, after %d s\n' "$1" $((SECONDS - started))
}

# apt-get checks the signature. The index may be ahead of a mirror: then the release as it came out is taken.
fetch() {
  local codename name
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  name=$(/usr/bin/python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
  local apt=(apt-get -qq -o "Dir::Etc::sourcelist=$work/deb.sources" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$work/lists" -o APT::Sandbox::User=root)
  local archive
  for archive in "debian-security $codename-security" "debian $codename"; do
    mkdir -p "$work/lists/partial"
    printf 'Types: deb-src\nURIs: http://deb.debian.org/%s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
      $archive /usr/share/keyrings/debian-archive-keyring.gpg >"$work/deb.sources"
    if (cd "$work" && "${apt[@]}" update && "${apt[@]}" source --download-only "$name") >"$work/log" 2>&1; then
      (cd "$work" && dpkg-source --no-check -x "$name"_*.dsc source) >/dev/null
      return
    fi
    rm -rf "$work"/lists "$work/$name"_*
  done
  echo "The source of $name could not be fetched." >>"$work/log"
  return 1
}

# Debian builds its XML parser into the program, where it may see what is within.
# The names of what is in the library are its own: calls within it need not look them up.
compile() {
  local options=(-fprofile-use -fprofile-correction -flto="$(nproc)" -fno-semantic-interposition)
  sed -i '1i #define Py_BUILD_CORE_MODULE 1' Modules/pyexpat.c
  ./configure -q --prefix="$folder" --enable-shared --enable-optimizations --without-ensurepip LDFLAGS="-Wl,-rpath,$folder/lib"
  make -s -j "$(nproc)" profile-gen-stamp
  say "compiled to watch" >&3
  # What some machines lack fails a test or two, and teaches as well as the others.
  LD_LIBRARY_PATH=. ./python -m test --pgo --timeout=600 || true
  say "watched" >&3
  make -s clean-retain-profile
  touch profile-run-stamp
  make -s -j "$(nproc)" build_all LDFLAGS_NODIST="${options[*]}" \
    CFLAGS_NODIST="$(sed -n 's/^CONFIGURE_CFLAGS_NODIST=//p' Makefile) ${options[*]}"
  rm -rf "$folder"
  make -s install
}

echo "Compiling Python into $1: ten to twenty minutes, once"
fetch
say "fetched"
(
  cd "$work/source"
  compile
) 3>&1 >"$work/log" 2>&1
"$folder/bin/python3" -c 'import bz2, ctypes, ensurepip, lzma, pyexpat, ssl, uuid, venv, zlib'
say "$("$folder/bin/python3" -V) is ready"
