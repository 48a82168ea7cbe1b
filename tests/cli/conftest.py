"""A command line in this process, on a box of its own."""

import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from appliance.cli import root

PASSWORD = "correct horse battery"
OWNER = ("--owner", "alice@acme.test", "--name", "Alice", "--tenant", "acme", "--password-stdin")


class Done(NamedTuple):
    """How a command ended; `lines` is what it said on standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()


Run = Callable[..., Done]


@pytest.fixture(scope="session")
def first_box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box with its owner and one tenant, made by the command that people use."""
    folder = tmp_path_factory.mktemp("cli") / "box"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
        assert root.run(["init", *OWNER, "--data", str(folder)]) == 0
    return folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data folder that commands use; nothing is in it."""
    for name in [name for name in os.environ if name.startswith("AGENTHQ_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AGENTHQ_DATA", str(tmp_path / "box"))
    yield tmp_path / "box"


@pytest.fixture
def agenthq(folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs one command line: agenthq("task", "list")."""

    def run(*args: str, stdin: str = "") -> Done:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capfd.readouterr()
        code = root.run(args)
        return Done(code, *capfd.readouterr())

    return run


@pytest.fixture
def box(folder: Path, first_box: Path) -> Path:
    """The data folder, with owner Alice and tenant Acme in it."""
    shutil.copytree(first_box, folder)
    return folder
