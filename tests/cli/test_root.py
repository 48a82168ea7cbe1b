"""The tree of commands, and how trouble is told: one line, an exit code, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance import __version__
from appliance.cli.root import MODULES, verb_first
from tests.cli.conftest import Run


@pytest.mark.parametrize("args", [["--version"], ["-V"], ["version"]])
def test_the_version_is_told_before_anything_heavy_is_loaded(args: list[str]) -> None:
    script = f"import sys; sys.argv[1:] = {args}; from appliance.__main__ import main; main(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    version, modules = done.stdout.splitlines()
    assert version == f"agenthq {__version__}"
    assert not {"click", "msgspec", "litestar", "appliance.cli"} & set(modules.split())


def test_a_verb_loads_only_what_it_needs() -> None:
    script = "import sys; from appliance.cli import root; root.run(['task', 'list', '--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "appliance.cli.tasks" in loaded
    assert not {"appliance.cli.serve", "litestar", "uvicorn", "huey", "apscheduler", "aiohttp"} & loaded


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["tsk"], "agenthq: There is no command 'tsk' - did you mean task? See agenthq --help."),
        (["task", "lits"], "agenthq: There is no command 'lits' - did you mean list?"),
        (["task", "list", "--stat", "done"], "agenthq: There is no option --stat - did you mean --state?"),
        (["--prot", "8500"], "agenthq: There is no option --prot - did you mean --port?"),
        (["serve", "--port", "http"], "agenthq: Invalid value for '--port': 'http' is not a valid integer range."),
        (["task", "create"], "agenthq: Missing argument 'TITLE'. See agenthq task create --help."),
    ],
)
def test_a_mistyped_command_line_names_what_was_meant(agenthq: Run, args: list[str], sentence: str) -> None:
    done = agenthq(*args)
    assert (done.code, done.out, done.lines) == (2, "", [sentence])


def test_a_command_line_of_broken_bytes_is_a_sentence(agenthq: Run, box: Path) -> None:
    done = agenthq("task", "show", "\udcff")
    assert (done.code, done.lines) == (2, ["agenthq: The command line, or a file it names, is not valid UTF-8."])


def test_an_unknown_setting_names_the_nearest(agenthq: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTHQ_PROT", "8500")
    done = agenthq("paths")
    assert (done.code, done.lines) == (78, ["agenthq: Unknown setting AGENTHQ_PROT - did you mean AGENTHQ_PORT?"])


def test_trouble_is_a_problem_object_with_json(agenthq: Run, box: Path) -> None:
    done = agenthq("task", "show", "7", "--json")
    assert done.code == 1
    assert done.json == {
        "type": "/api/docs#not_found",
        "title": "There is nothing here",
        "status": 404,
        "detail": "There is no such task.",
        "code": "not_found",
    }
    assert done.lines == ["agenthq: There is no such task."]


@pytest.mark.parametrize(
    ("args", "order"),
    [
        ([], ["serve"]),
        (["--port", "1"], ["serve", "--port", "1"]),
        (["--data", "x"], ["serve", "--data", "x"]),
        (["--data", "x", "task", "list"], ["task", "list", "--data", "x"]),
        (["--json", "--data=x", "status"], ["status", "--json", "--data=x"]),
        (["--help"], ["--help"]),
    ],
)
def test_options_before_the_verb_belong_to_it(args: list[str], order: list[str]) -> None:
    assert verb_first(args) == order


@pytest.mark.parametrize("verb", MODULES)
def test_every_verb_has_help_with_examples(agenthq: Run, verb: str) -> None:
    done = agenthq(verb, "--help")
    assert done.code == 0
    assert "Examples:" in done.out or "Commands:" in done.out


def test_a_reader_that_goes_away_is_no_error(box: Path) -> None:
    command = f"{sys.executable} -m appliance config show | head -0"
    done = subprocess.run(["bash", "-c", command], env=os.environ, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_defect_is_one_line_too(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    script = """import sys; from appliance.cli import root, about
about.library.version = lambda: 1 / 0
root.run(["version"])"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("agenthq: Something broke on our side (ZeroDivisionError at ")
    assert len(done.stderr.splitlines()) == 1
