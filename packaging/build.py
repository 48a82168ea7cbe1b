"""Builds what is downloaded: one file, one folder, checksums, SBOM, licences. Run it by `make dist`.

The program is built in an environment of its own that holds only what ships, so nothing from the tests can slip in.
"""

import hashlib
import os
import platform
import subprocess
import sys
import tarfile
from pathlib import Path

import inventory

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
WORK = ROOT / "build" / "pyinstaller"
LARGEST = 60_000_000


def main() -> int:
    run_pyinstaller()
    parts = inventory.parts(inventory.inside(WORK), ROOT)
    (DIST / "agenthq.sbom.json").write_text(inventory.sbom(parts))
    for place in (DIST, DIST / "agenthq-folder"):
        (place / "LICENSES.txt").write_text(inventory.licences(parts))
    named = DIST / full_name()
    named.unlink(missing_ok=True)
    os.link(DIST / "agenthq", named)
    archive = DIST / f"{full_name()}.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        tar.add(DIST / "agenthq-folder", arcname=full_name())
    write_sums()
    size = (DIST / "agenthq").stat().st_size
    print(f"dist/agenthq {size / 1e6:.1f} MB, {named.name}, {len(parts)} parts listed")
    if size > LARGEST:
        print(f"The single file is larger than {LARGEST / 1e6:.0f} MB", file=sys.stderr)
    return int(size > LARGEST)


def run_pyinstaller() -> None:
    log = WORK.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level=WARN"]
    places = [f"--distpath={DIST}", f"--workpath={WORK}", str(ROOT / "packaging/agenthq.spec")]
    with log.open("w") as out:
        code = subprocess.run([*command, *places], cwd=ROOT, stdout=out, stderr=out, check=False).returncode
    if code:
        raise SystemExit(f"{log.read_text()[-4000:]}\nPyInstaller failed, see {log.relative_to(ROOT)}")


def full_name() -> str:
    """Names what the file needs: built against this C library, it runs on the same or a newer one."""
    library, version = platform.libc_ver()
    system = f"{platform.system().lower()}-{platform.machine()}"
    return f"agenthq-{inventory.version(ROOT)}-{system}" + (f"-{library}{version}" if library else "")


def write_sums() -> None:
    files = sorted(path for path in DIST.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (DIST / "SHA256SUMS").write_text("".join(lines))


if __name__ == "__main__":
    raise SystemExit(main())
