"""The sizes that keep the code readable, checked over every tracked file."""

import ast
import re
import statistics
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {".ci", "appliance", "docs", "packaging", "tests", "ui"}
FILES = {".dockerignore", ".gitignore", "ARCHITECTURE.md", "CHANGELOG.md", "DECISIONS.md", "LICENSE", "Makefile"}
FILES |= {"README.md", "pyproject.toml"}
CEILINGS = [
    ("appliance/**/*.py", 350),
    ("packaging/**/*.py", 350),
    ("tests/**/*.py", 350),
    ("ui/templates/**/*.html", 120),
    ("ui/static/js/**/*.js", 60),
    ("ui/static/css/**/*.css", 150),
]
UNFINISHED = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]))
BANNED_MODULES = {"utils", "util", "helper", "helpers", "manager", "managers", "common", "misc"}


class Function(NamedTuple):
    where: str
    lines: int


@cache
def tracked() -> tuple[Path, ...]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(Path(name) for name in listed.split("\0") if name and (ROOT / name).exists())


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def ours(pattern: str) -> list[Path]:
    present = {path.relative_to(ROOT) for path in ROOT.glob(pattern)}
    return [path for path in tracked() if path in present and "vendor" not in path.parts and read(path)]


def functions() -> Iterator[Function]:
    for path in ours("appliance/**/*.py"):
        for node in ast.walk(ast.parse(read(path))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Function(f"{path}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)


@pytest.mark.parametrize(("pattern", "ceiling"), CEILINGS)
def test_no_file_is_longer_than_its_kind_allows(pattern: str, ceiling: int) -> None:
    lengths = {str(path): len(read(path).splitlines()) for path in ours(pattern)}
    assert {path: lines for path, lines in lengths.items() if lines > ceiling} == {}


def test_a_typical_module_is_short() -> None:
    assert statistics.median(len(read(path).splitlines()) for path in ours("appliance/**/*.py")) <= 80


def test_functions_fit_on_a_screen() -> None:
    assert [function for function in functions() if function.lines > 60] == []


def test_typical_functions_are_a_few_lines() -> None:
    lines = sorted(function.lines for function in functions())
    assert statistics.median(lines) <= 10
    assert lines[int(len(lines) * 0.95)] <= 35


def test_at_most_four_places_catch_everything() -> None:
    """Cleaning up and raising again is not catching."""
    catching = [
        f"{path}:{node.lineno}"
        for path in ours("appliance/**/*.py")
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node)
    ]
    assert len(catching) <= 4, catching


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    wide = handler.type is None or (isinstance(handler.type, ast.Name) and handler.type.id.endswith("Exception"))
    last = handler.body[-1]
    return wide and not (isinstance(last, ast.Raise) and last.exc is None)


def test_nothing_is_left_unfinished() -> None:
    texts = [path for ending in ("py", "html", "js", "css", "sql", "md") for path in ours(f"**/*.{ending}")]
    assert [str(path) for path in texts if UNFINISHED.search(read(path))] == []


def test_no_module_is_named_after_nothing() -> None:
    assert [str(path) for path in ours("appliance/**/*.py") if path.stem in BANNED_MODULES] == []


def test_the_top_folder_holds_only_what_the_layout_names() -> None:
    assert {path.parts[0] for path in tracked()} <= FOLDERS | FILES
