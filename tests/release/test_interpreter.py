"""Which Python `make` takes, whatever comes first in PATH."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = Path("/usr/bin/python3")


def usable(python: Path) -> bool:
    asked = [str(python), "-c", "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"]
    return python.exists() and not subprocess.run(asked, check=False, capture_output=True).returncode


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "packaging").mkdir()
    shutil.copy(ROOT / "packaging/interpreter.sh", tmp_path / "packaging")
    return tmp_path


def chosen(checkout: Path, path: str) -> str:
    env = {"PATH": f"{path}:/usr/bin:/bin"}
    done = subprocess.run(
        ["packaging/interpreter.sh"], cwd=checkout, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def put(place: Path, script: str) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/bash\n{script}\n")
    place.chmod(0o755)
    return place


def test_the_one_compiled_here_goes_before_all_others(checkout: Path) -> None:
    compiled = put(checkout / ".python/bin/python3", f'exec "{sys.executable}" "$@"')
    assert chosen(checkout, "") == str(compiled)


@pytest.mark.skipif(not usable(SYSTEM), reason="this system's own Python is older, or has no venv")
def test_the_system_s_own_goes_before_the_first_in_path(checkout: Path, tmp_path: Path) -> None:
    put(tmp_path / "first/python3", f'exec "{sys.executable}" "$@"')
    assert chosen(checkout, str(tmp_path / "first")) == str(SYSTEM)


def test_one_that_can_make_no_environment_is_passed_over(checkout: Path, tmp_path: Path) -> None:
    put(checkout / ".python/bin/python3", "exit 1")
    put(tmp_path / "first/python3", f'exec "{sys.executable}" "$@"')
    assert chosen(checkout, str(tmp_path / "first")) in (str(SYSTEM), "python3")
