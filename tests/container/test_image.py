"""The image: built without a daemon, run as it is meant to be, looked at from outside."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import free_port
from tests.smoke.server import get
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "dist" / "agenthq-folder"
# What the Dockerfile itself runs; a registry with a base image is not at hand.
PROGRAMS = ("sh", "ln", "mkdir", "chown", "chmod")
pytestmark = [pytest.mark.smoke, pytest.mark.timeout(300)]


class Builder:
    """buildah with storage of its own, that needs no daemon and no rights beyond root's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def command(self, *args: str) -> list[str]:
        places = ("--root", str(self._folder / "root"), "--runroot", str(self._folder / "run"))
        return ["buildah", *places, "--storage-driver", "vfs", *args]

    def __call__(self, *args: str) -> str:
        done = subprocess.run(self.command(*args), env=self.env, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "BUILDAH_ISOLATION": "chroot", "TMPDIR": str(self._folder)}


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    if not shutil.which("buildah"):
        pytest.skip("buildah is missing: apt-get install buildah")
    if os.geteuid():
        pytest.skip("only root may build with chroot isolation")
    if not FOLDER.exists():
        pytest.skip("dist/agenthq-folder is not built: run make dist")
    folder = tmp_path_factory.mktemp("containers")
    yield Builder(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def image(buildah: Builder, tmp_path_factory: pytest.TempPathFactory) -> str:
    base = tmp_path_factory.mktemp("base")
    _fill(base)
    made = buildah("from", "scratch")
    buildah("copy", "--quiet", made, str(base), "/")
    buildah("commit", "--quiet", made, "localhost/base")
    buildah(
        "build", "--pull-never", "--build-arg", "BASE=localhost/base", "-f", "packaging/Dockerfile", "-t", "box", "."
    )
    return "localhost/box"


@pytest.fixture
def container(buildah: Builder, image: str) -> str:
    return buildah("from", "--pull-never", image)


def _fill(base: Path) -> None:
    """The C library, a shell and what the Dockerfile calls, as they are on this machine."""
    for folder in ("bin", "tmp", "etc", "usr/local/bin"):
        (base / folder).mkdir(parents=True)
    (base / "tmp").chmod(0o1777)
    (base / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
    for name in PROGRAMS:
        program = shutil.which(name)
        assert program
        shutil.copy(program, base / "bin" / name)
        _libraries(base, program)
    for program in (FOLDER / "agenthq", *FOLDER.rglob("*.so*")):
        _libraries(base, str(program))


def _libraries(base: Path, program: str) -> None:
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    for library in re.findall(r"(?:=> |^\s)(/(?:usr/)?lib\S+)", said, re.M):
        if not Path(library).exists():
            # One of the program's own.
            continue
        place = base / library.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, place)


def test_the_image_says_its_version_and_is_not_root(buildah: Builder, container: str) -> None:
    # On a busy machine buildah sometimes ends before it has passed on what the program said.
    until(lambda: "agenthq 0.1.0" in buildah("run", container, "--", "agenthq", "version"), 60)
    script = 'while read -r line; do echo "$line"; done < /proc/self/status'
    assert "Uid: 10001" in " ".join(buildah("run", container, "--", "sh", "-c", script).split())


def test_it_serves_is_healthy_writes_only_its_data_and_drains(buildah: Builder, container: str, tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "data"
    data.mkdir(mode=0o700)
    os.chown(data, 10001, 10001)
    # Not /data: buildah mounts the image's own volume over whatever is given for it.
    given = {"AGENTHQ_DATA": "/state", "AGENTHQ_PORT": str(port), "AGENTHQ_INSECURE_HTTP": "true"}
    settings = [part for name, value in given.items() for part in ("--env", f"{name}={value}")]
    volume = ("--volume", f"{data}:/state", *settings)
    sick = subprocess.run(
        buildah.command("run", *volume, container, "--", "agenthq", "status", "--ready"),
        env=buildah.env,
        capture_output=True,
        check=False,
    )
    assert sick.returncode == 69
    mounted = Path(buildah("mount", container))
    before = _files(mounted)
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            buildah.command("run", *volume, container, "--", "agenthq", "serve", "--no-open"),
            env=buildah.env,
            stdout=log,
            stderr=log,
        )
    try:
        until(lambda: _ready(port), 60)
        assert buildah("run", *volume, container, "--", "agenthq", "status", "--ready") == "ready"
    finally:
        inside = _pid()
        os.kill(inside, signal.SIGTERM)
        code = server.wait(60)
    assert code == 0, (tmp_path / "log").read_text()[-2000:]
    assert _files(mounted) == before
    assert (data / "control.db").stat().st_uid == 10001


def _ready(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}/readyz")[0] == 200
    except OSError:
        return False


def _pid() -> int:
    """The program that has the data open; its number inside the container is another."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            opened = {os.readlink(link) for link in (process / "fd").iterdir()}
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if b"serve" in command and any(one.endswith("/state/server.lock") for one in opened):
            return int(process.name)
    raise AssertionError("no process serves the data")


def _files(root: Path) -> set[tuple[str, int]]:
    """Outside the two places that may be written."""
    found = set[tuple[str, int]]()
    for folder, _, names in os.walk(root):
        inside = Path(folder).relative_to(root)
        if inside.parts[:1] in (("data",), ("state",), ("tmp",), ("proc",), ("sys",), ("dev",)):
            continue
        found |= {(str(inside / name), (Path(folder) / name).lstat().st_mtime_ns) for name in names}
    return found
