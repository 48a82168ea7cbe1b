"""Backups from the command line, as a tired operator uses them at two in the morning."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliance.db.ownership import owned
from tests.cli.conftest import Run


def kit_of(agenthq: Run, folder: Path) -> Path:
    done = agenthq("backup", "kit", "--json")
    (folder / "kit.txt").write_text(done.json["kit"])
    return folder / "kit.txt"


def test_run_list_show_verify_and_drill(agenthq: Run, box: Path) -> None:
    assert agenthq("backup", "list").out == "There is no backup yet. Make one with: agenthq backup run\n"
    ran = agenthq("backup", "run", "--json")
    assert (ran.code, [item["state"] for item in ran.json["items"]]) == (0, ["verified", "verified"])

    listed = agenthq("backup", "list")
    shown = agenthq("backup", "show", ran.json["items"][0]["id"])
    verified = agenthq("backup", "verify")
    drilled = agenthq("backup", "drill")

    assert "(the box)" in listed.out
    assert ran.json["items"][0]["digest"] in shown.out
    assert (verified.code, verified.out.count("every byte is right")) == (0, 2)
    assert (drilled.code, drilled.out.count("proven")) == (0, 2)
    assert "RPO" in drilled.out and "RTO" in drilled.out
    assert agenthq("backup", "run", "--tenant", "acme", "--changed").out == "Nothing changed since the last backups.\n"
    assert agenthq("backup", "prune").out == "Everything there is shall stay.\n"


def test_a_changed_byte_is_found_by_verify_and_by_the_drill(agenthq: Run, box: Path) -> None:
    name = agenthq("backup", "run", "--json").json["items"][0]["name"]
    content = bytearray((box / "backups" / name).read_bytes())
    content[len(content) // 2] ^= 1
    (box / "backups" / name).write_bytes(content)

    assert agenthq("backup", "verify").code == 1
    drilled = agenthq("backup", "drill")
    assert (drilled.code, "FAILED" in drilled.out) == (1, True)


def test_the_schedule_is_shown_and_changed(agenthq: Run, box: Path) -> None:
    assert agenthq("backup", "schedule", "--json").json["every_hours"] == 24
    changed = agenthq("backup", "schedule", "--every-hours", "1", "--at", "03:15", "--off", "--json").json
    assert (changed["every_hours"], changed["at"], changed["on"]) == (1, "03:15", False)
    refused = agenthq("backup", "schedule", "--every-hours", "5")
    assert (refused.code, "every_hours" in refused.err) == (2, True)


def test_a_target_is_added_tried_and_forgotten(agenthq: Run, box: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    added = agenthq("backup", "targets", "add", "disk", "--kind", "folder", "--path", str(disk))
    assert (added.code, str(disk) in added.out) == (0, True)
    assert agenthq("backup", "targets", "add", "disk", "--kind", "folder", "--path", str(disk)).code == 2
    inside = agenthq("backup", "targets", "add", "in", "--kind", "folder", "--path", str(box / "x"))
    assert (inside.code, "inside the data folder" in inside.err) == (2, True)

    agenthq("backup", "run")

    assert len(list(disk.glob("*/*.ahqb"))) == 2
    assert [item["name"] for item in agenthq("backup", "targets", "list", "--json").json["items"]] == ["here", "disk"]
    assert agenthq("backup", "targets", "test", "disk").code == 0
    assert agenthq("backup", "targets", "remove", "disk", "--yes").code == 0
    assert len(list(disk.glob("*/*.ahqb"))) == 2


def test_a_box_comes_back_from_a_usb_stick_and_paper(agenthq: Run, box: Path, tmp_path: Path) -> None:
    agenthq("backup", "run")
    kit = kit_of(agenthq, tmp_path)
    shutil.copytree(box / "backups", tmp_path / "usb")
    new = str(tmp_path / "new")

    done = agenthq("restore", "--kit", str(kit), "--from", str(tmp_path / "usb"), "--data", new)

    assert done.code == 0, done.err
    assert "acme" in done.out
    assert agenthq("doctor", "--data", new).code == 0
    assert [each["slug"] for each in agenthq("tenant", "list", "--json", "--data", new).json["items"]] == ["acme"]
    again = agenthq("restore", "--kit", str(kit), "--from", str(tmp_path / "usb"), "--data", new)
    assert (again.code, "--force" in again.err) == (1, True)
    forced = agenthq("restore", "--kit", str(kit), "--from", str(tmp_path / "usb"), "--data", new, "--force")
    assert (forced.code, "aside" in forced.out) == (0, True)


def test_one_tenant_goes_back(agenthq: Run, box: Path) -> None:
    agenthq("backup", "run")
    agenthq("agent", "create", "ada", "--name", "Ada", "--model", "sim")
    refused = agenthq("restore", "--tenant", "acme", "--from", "here")
    assert (refused.code, "--force" in refused.err) == (1, True)

    done = agenthq("restore", "--tenant", "acme", "--from", "here", "--force")

    assert done.code == 0, done.err
    assert len(list((box / "aside").iterdir())) == 1


def test_nothing_is_put_back_under_a_running_server(agenthq: Run, box: Path, tmp_path: Path) -> None:
    agenthq("backup", "run")
    kit = kit_of(agenthq, tmp_path)
    with owned(box):
        for verb in (["--tenant", "acme"], ["--kit", str(kit)]):
            assert agenthq("restore", "--from", str(box / "backups"), "--force", *verb).code == 75
        assert agenthq("master-key", "rotate", "--yes").code == 75


def test_a_rotated_key_opens_the_data_and_old_backups_open_with_the_old_kit(
    agenthq: Run, box: Path, tmp_path: Path
) -> None:
    agenthq("backup", "run")
    (tmp_path / "old").mkdir()
    old_kit = kit_of(agenthq, tmp_path / "old")
    shutil.copytree(box / "backups", tmp_path / "usb")
    old_key = (box / "keys" / "master.key").read_text()
    assert agenthq("master-key", "rotate").code == 2

    rotated = agenthq("master-key", "rotate", "--yes", "--json")

    assert (rotated.code, rotated.json["generation"]) == (0, 2)
    assert (box / "keys" / "master.key").read_text() != old_key
    assert agenthq("master-key", "status").code == 0
    ran = agenthq("backup", "run", "--changed", "--json")
    assert [item["generation"] for item in ran.json["items"]] == [2, 2]
    usb = str(tmp_path / "usb")
    new_kit = kit_of(agenthq, tmp_path)
    assert agenthq("restore", "--kit", str(new_kit), "--from", usb, "--data", str(tmp_path / "a")).code == 69
    assert agenthq("restore", "--kit", str(old_kit), "--from", usb, "--data", str(tmp_path / "b")).code == 0
    for folder in (box, tmp_path / "b"):
        assert agenthq("audit", "verify", "--box", "--data", str(folder)).code == 0


def test_the_kit_is_confirmed_by_its_code(agenthq: Run, box: Path) -> None:
    code = agenthq("backup", "kit", "--json").json["standing"]["code"]
    assert agenthq("backup", "kit", "--confirm", "0000-0000").code == 2
    assert agenthq("backup", "kit", "--confirm", code).code == 0
    assert agenthq("backup", "kit", "--json").json["standing"]["confirmed_at"]


def killed(args: list[str], folder: Path, after: float) -> None:
    """A command in a process of its own that a power cut ends."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("AGENTHQ_")}
    command = [sys.executable, "-m", "appliance", *args, "--data", str(folder)]
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.crash
@pytest.mark.parametrize("after", [0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.3])
def test_a_kill_at_any_point_of_a_backup_or_rotation_harms_nothing(agenthq: Run, box: Path, after: float) -> None:
    assert agenthq("backup", "run").code == 0

    killed(["backup", "run"], box, after)
    killed(["master-key", "rotate", "--yes"], box, after)

    assert agenthq("master-key", "status").code == 0
    assert agenthq("backup", "run").code == 0
    assert agenthq("backup", "drill").code == 0
    assert not (box / "backup-work").exists()


@pytest.mark.crash
@pytest.mark.parametrize("after", [0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.3])
def test_a_kill_at_any_point_of_a_restore_leaves_a_box_or_none(
    agenthq: Run, box: Path, tmp_path: Path, after: float
) -> None:
    agenthq("backup", "run")
    kit, new = kit_of(agenthq, tmp_path), tmp_path / "new"
    args = ["restore", "--kit", str(kit), "--from", str(box / "backups")]

    killed(args, new, after)

    done = agenthq(*args, "--data", str(new))
    assert done.code == 0 or "--force" in done.err, done.err
    assert agenthq("doctor", "--data", str(new)).code == 0
