"""Real servers for backups, each a process of its own: Debian's sshd, and the S3 server `s3rver` of npm."""

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from appliance.gateway.targets import s3, sftp
from tests.postgres import free_port
from tests.waiting import until

SSHD = "/usr/sbin/sshd"
S3RVER = "s3rver@3.7.1"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "agenthq-tests" / "s3rver"


class Ssh(NamedTuple):
    """`secret` is the private key that it lets in; `root` the folder on it that is used."""

    config: sftp.Config
    secret: str
    root: Path
    host_key: Path


class S3(NamedTuple):
    config: s3.Config
    secret: str


@contextmanager
def sshd(folder: Path, port: int = 0) -> Iterator[Ssh]:
    if not Path(SSHD).exists():
        pytest.skip("needs openssh-server: bash packaging/need.sh openssh-server")
    folder.mkdir(parents=True)
    port = port or free_port()
    for name in ("host", "person"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    lines = [f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {folder}/host", f"PidFile {folder}/pid"]
    lines += [f"AuthorizedKeysFile {folder}/person.pub", "StrictModes no", "UsePAM no", "PermitRootLogin yes"]
    (folder / "config").write_text("\n".join([*lines, "Subsystem sftp internal-sftp"]) + "\n")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([SSHD, "-D", "-e", "-f", str(folder / "config")], stdout=log, stderr=log)
    try:
        until(lambda: b"listening" in (folder / "log").read_bytes(), 10)
        config = sftp.Config("127.0.0.1", getpass.getuser(), str(folder / "kept"), port)
        yield Ssh(config, (folder / "person").read_text(), folder / "kept", folder / "host.pub")
    finally:
        server.terminate()
        server.wait()


@contextmanager
def s3rver(folder: Path) -> Iterator[S3]:
    program = _installed()
    port = free_port()
    command = [str(program), "-a", "127.0.0.1", "-p", str(port), "-d", str(folder), "--configure-bucket", "kept"]
    with (folder.parent / "s3.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until(lambda: b"listening" in (folder.parent / "s3.log").read_bytes(), 20)
        yield S3(s3.Config(f"http://127.0.0.1:{port}", "kept", "S3RVER"), "S3RVER")
    finally:
        server.terminate()
        server.wait()


def _installed() -> Path:
    """Fetched once by npm, kept for later runs."""
    program = _CACHE / "node_modules" / ".bin" / "s3rver"
    if program.exists():
        return program
    if not shutil.which("npm"):
        pytest.skip("needs npm to fetch an S3 server")
    _CACHE.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["npm", "install", "--silent", "--prefix", str(_CACHE), S3RVER], check=False)
    if done.returncode or not program.exists():
        pytest.skip("npm could not fetch an S3 server")
    return program
