"""Logs: JSON with the ids of what is worked on, rotated, without secrets, and never in anybody's way."""

import json
import logging
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from appliance import logs, redaction, settings, tracing

log = logging.getLogger("agenthq.test")
SECRET = 'sk-"quoted"-ümlaut-4711'


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield tmp_path
    for handler in root.handlers:
        if handler not in before:
            handler.close()
    root.handlers[:], root.level = before, level


def start(folder: Path, first: bool = True, **flags: Any) -> None:
    logs.start(settings.load({"data": str(folder), **flags}, {}), first)


def lines(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / "logs" / logs.FILE).read_text().splitlines()]


def test_a_line_names_request_tenant_and_run_of_what_is_worked_on(folder: Path) -> None:
    start(folder)
    with tracing.about(request="r-1"):
        tracing.also(tenant="t-1")
        with tracing.about(run="u-1"):
            log.info("inside")
        log.info("beside")
    log.info("outside")
    found = [{name: line[name] for name in tracing.FIELDS if name in line} for line in lines(folder)]
    assert found == [{"request": "r-1", "tenant": "t-1", "run": "u-1"}, {"request": "r-1", "tenant": "t-1"}, {}]


def test_secrets_are_taken_out_by_value_in_messages_and_tracebacks(folder: Path) -> None:
    start(folder)
    redaction.remember(SECRET, "t-1")
    try:
        raise ValueError(f"refused {SECRET}")
    except ValueError:
        log.exception("with %s", SECRET)
    [line] = lines(folder)
    assert "4711" not in json.dumps(line, ensure_ascii=False)
    assert redaction.MARK in line["message"]
    assert redaction.MARK in line["traceback"]


def test_json_goes_to_standard_output_and_text_only_warns(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start(folder, log_format="json")
    log.info("as json")
    assert json.loads(capsys.readouterr().out)["message"] == "as json"
    start(folder, log_format="text")
    log.info("quiet")
    log.warning("loud")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "agenthq: WARNING: loud\n")


def test_the_file_is_rotated_by_size_and_count(folder: Path) -> None:
    start(folder, log_mb=1, log_files=2, log_format="text")
    for n in range(50):
        # No text that another test may have called a secret: those are shortened.
        log.info("%d %s", n, "a long line; " * 8_000)
    assert [path.name for path in logs.files(folder)] == ["agenthq.log", "agenthq.log.1", "agenthq.log.2"]
    assert all(path.stat().st_size <= 2**20 for path in logs.files(folder))


def test_a_full_disk_loses_lines_and_stops_nobody(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can make a small filesystem")
    try:
        start(disk)
        (disk / "ballast").write_bytes(bytes(200_000))
        for n in range(200):
            log.info("%d %s", n, "x" * 1000)
        (disk / "ballast").unlink()
        log.info("there is room again")
        assert lines_that_are_whole(disk)[-1]["message"] == "there is room again"
        assert "Traceback" not in capsys.readouterr().err
    finally:
        for handler in logging.getLogger().handlers:
            handler.close()
        subprocess.run(["umount", str(disk)], check=True)


def lines_that_are_whole(folder: Path) -> list[dict[str, str]]:
    found = []
    for line in (folder / "logs" / logs.FILE).read_text().splitlines():
        with suppress(json.JSONDecodeError):
            found.append(json.loads(line))
    return found
