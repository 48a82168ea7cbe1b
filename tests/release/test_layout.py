"""Versions beside one another and a link that always leads to a program."""

import threading
from pathlib import Path

import pytest

from appliance.errors import Problem
from appliance.release import layout
from tests.cli.conftest import Run, agenthq, folder  # noqa: F401


def program(tmp_path: Path, said: str) -> Path:
    """A single file."""
    path = tmp_path / f"agenthq-{said}"
    path.write_text(f"#!/bin/sh\necho {said}\n")
    return path


def test_the_single_file_and_the_folder_are_laid_out_alike(tmp_path: Path) -> None:
    home = tmp_path / "home"
    layout.lay_out(program(tmp_path, "one"), home, "1.0.0")
    built = tmp_path / "built"
    (built / "_internal").mkdir(parents=True)
    program(tmp_path, "two").rename(built / "agenthq")
    layout.lay_out(built, home, "1.1.0")
    layout.point(home, "1.1.0")
    found = layout.read(home)
    assert (found.current, found.versions) == ("1.1.0", ("1.0.0", "1.1.0"))
    assert found.program.read_text().endswith("two\n")
    assert found.program.stat().st_mode & 0o111
    assert (home / "current/_internal").is_dir()
    assert not (home / "current").readlink().is_absolute()


def test_the_link_is_never_missing_while_it_changes(tmp_path: Path) -> None:
    home, ended, missing = tmp_path / "home", threading.Event(), []
    for version in ("1.0.0", "1.1.0"):
        layout.lay_out(program(tmp_path, version), home, version)
    layout.point(home, "1.0.0")

    def look() -> None:
        while not ended.is_set():
            if not layout.read(home).program.is_file():
                missing.append(1)

    looking = threading.Thread(target=look)
    looking.start()
    for n in range(200):
        layout.point(home, ("1.0.0", "1.1.0")[n % 2])
    ended.set()
    looking.join()
    assert missing == []
    assert sorted(path.name for path in home.iterdir()) == ["current", "versions"]


def test_the_same_again_changes_nothing_and_another_of_the_same_version_is_refused(tmp_path: Path) -> None:
    home, one = tmp_path / "home", program(tmp_path, "one")
    assert layout.lay_out(one, home, "1.0.0") == layout.lay_out(one, home, "1.0.0")
    with pytest.raises(Problem, match="another program"):
        layout.lay_out(program(tmp_path, "two"), home, "1.0.0")
    assert [path.name for path in (home / "versions").iterdir()] == ["1.0.0"]


@pytest.mark.parametrize("version", ["..", "1.0", "1.0.0/../x", "", "1.0.0\n"])
def test_a_version_is_no_path(tmp_path: Path, version: str) -> None:
    with pytest.raises(Problem):
        layout.lay_out(program(tmp_path, "one"), tmp_path / "home", version)


def test_the_link_leads_to_no_version_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"no version 9\.0\.0"):
        layout.point(tmp_path, "9.0.0")


@pytest.mark.parametrize("data", ["home", "home/data", "."])
def test_program_and_data_do_not_lie_in_one_another(tmp_path: Path, data: str) -> None:
    with pytest.raises(Problem, match="must not lie in one another"):
        layout.refuse_data_inside(tmp_path / "home", tmp_path / data)


def test_a_checkout_is_not_installed(agenthq: Run) -> None:  # noqa: F811
    done = agenthq("install")
    assert (done.code, "from its source code" in done.err) == (78, True)


def test_a_unit_is_printed_before_anything_is_installed(agenthq: Run) -> None:  # noqa: F811
    assert "Type=notify" in agenthq("service", "install", "--user", "--print").out
    assert "<plist" in agenthq("service", "install", "--user", "--for", "launchd").out
    assert "sc.exe create" in agenthq("service", "install", "--user", "--for", "windows").out


def test_the_paths_name_program_and_copies(agenthq: Run) -> None:  # noqa: F811
    assert {"program", "copies", "data"} <= set(agenthq("paths", "--json").json)
