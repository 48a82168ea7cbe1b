"""A box from the command line: made once, refused clearly when it can't be used."""

import json
import os
from pathlib import Path

import pytest

from appliance.db import migrate
from appliance.db.ownership import owned
from appliance.db.tenants import open_catalogue
from tests.cli.conftest import OWNER, PASSWORD, Run


def test_init_makes_the_owner_and_the_first_tenant(agenthq: Run, folder: Path) -> None:
    done = agenthq("init", *OWNER, "--json", stdin=PASSWORD + "\n")
    assert done.code == 0
    assert (done.json["owner"]["email"], done.json["tenant"]["name"]) == ("alice@acme.test", "Acme")
    assert (folder.stat().st_mode & 0o777, (folder / "keys/master.key").stat().st_mode & 0o777) == (0o700, 0o600)


def test_init_twice_is_refused(agenthq: Run, box: Path) -> None:
    done = agenthq("init", *OWNER, stdin=PASSWORD + "\n")
    assert (done.code, done.lines) == (1, ["agenthq: This box has an owner. Sign in instead."])


def test_a_short_password_makes_nothing(agenthq: Run, folder: Path) -> None:
    done = agenthq("init", *OWNER, stdin="short\n")
    assert (done.code, done.lines) == (2, ["agenthq: password: take at least 10 characters"])
    assert not any((folder / "tenants").glob("*"))


def test_a_secret_is_never_asked_for_without_a_terminal(agenthq: Run, folder: Path) -> None:
    done = agenthq("init", *OWNER[:-1])
    sentence = "agenthq: Password is needed: pass it on standard input with --password-stdin."
    assert (done.code, done.lines) == (2, [sentence])


def test_a_sample_team_comes_with_the_simulated_provider(agenthq: Run, folder: Path) -> None:
    agenthq("init", *OWNER, "--simulated", stdin=PASSWORD + "\n")
    assert len(agenthq("agent", "list", "--json").json["items"]) == 6
    assert agenthq("provider", "list", "--json").json["items"][0]["kind"] == "simulated"


def test_a_verb_makes_no_box_by_accident(agenthq: Run, folder: Path) -> None:
    done = agenthq("task", "list")
    assert (done.code, len(done.lines)) == (78, 1)
    assert "There is no box in" in done.err
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_named(agenthq: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = agenthq("init", *OWNER, "--data", str(tmp_path / "file" / "box"), stdin=PASSWORD)
    sentence = f"The data folder {tmp_path}/file/box can't be written: Not a directory. Choose another with --data DIR."
    assert (done.code, done.lines) == (78, [f"agenthq: {sentence}"])


def test_a_wrong_master_key_locks_and_says_the_fix(agenthq: Run, box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTHQ_MASTER_KEY", os.urandom(32).hex())
    done = agenthq("tenant", "list", "--json")
    assert (done.code, done.json["status"], done.json["code"]) == (1, 503, "locked")
    assert "Put the right key there" in done.lines[0]


def test_a_missing_master_key_is_not_made_anew(agenthq: Run, box: Path) -> None:
    (box / "keys/master.key").unlink()
    done = agenthq("master-key", "status")
    assert (done.code, len(done.lines)) == (1, 1)
    assert "No new key is made over existing data." in done.err
    assert not (box / "keys/master.key").exists()


def test_data_of_a_newer_version_is_left_alone(agenthq: Run, box: Path) -> None:
    row = {"version": migrate.latest("control") + 1, "name": "later", "applied_at": "2027-01-01T00:00:00.000000Z"}
    with open_catalogue(box).control() as control:
        control.insert("_migrations", row)
    done = agenthq("tenant", "list")
    assert (done.code, len(done.lines)) == (78, 1)
    assert "written by a newer AgentHQ" in done.err


def test_a_second_server_names_the_first(agenthq: Run, box: Path) -> None:
    with owned(box) as owner:
        owner.describe("http://127.0.0.1:8420")
        done = agenthq("serve", "--no-open")
    assert (done.code, len(done.lines)) == (75, 1)
    assert f"as process {os.getpid()} at http://127.0.0.1:8420" in done.err


def test_verbs_work_beside_a_running_server(agenthq: Run, box: Path) -> None:
    with owned(box) as owner:
        owner.describe("http://127.0.0.1:8420")
        done = agenthq("status", "--json")
    assert done.json["server"] == {"pid": os.getpid(), "link": "http://127.0.0.1:8420"}
    assert [t["tenant"] for t in done.json["tenants"]] == ["acme"]


def test_beyond_this_machine_needs_a_word(agenthq: Run, box: Path) -> None:
    done = agenthq("serve", "--host", "0.0.0.0", "--no-open")
    assert (done.code, len(done.lines)) == (78, 1)
    assert "--insecure-http" in done.err


def test_settings_say_where_they_come_from_and_hide_secrets(
    agenthq: Run, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (box / "agenthq.toml").write_text("workers = 3\n")
    monkeypatch.setenv("AGENTHQ_PORT", "8500")
    monkeypatch.setenv("AGENTHQ_MASTER_KEY", (box / "keys/master.key").read_text().strip())
    found = {row["name"]: row for row in agenthq("config", "show", "--origin", "--json").json["items"]}
    assert (found["workers"]["value"], found["workers"]["origin"]) == ("3", str(box / "agenthq.toml"))
    assert (found["port"]["value"], found["port"]["origin"]) == ("8500", "AGENTHQ_PORT")
    assert (found["master_key"]["value"], found["host"]["origin"]) == ("(hidden)", "default")


def test_config_check_finds_a_bad_file(agenthq: Run, box: Path) -> None:
    (box / "agenthq.toml").write_text("wrokers = 3\n")
    done = agenthq("config", "check")
    assert (done.code, done.err.endswith("unknown setting 'wrokers' - did you mean workers?\n")) == (78, True)


def test_paths_are_inside_the_data_folder(agenthq: Run, box: Path) -> None:
    found = json.loads(agenthq("paths", "--json").out)
    assert (found["control"], found["master_key"]) == (str(box / "control.db"), str(box / "keys/master.key"))


def test_a_damaged_tenant_is_named_and_hides_no_other(agenthq: Run, box: Path) -> None:
    agenthq("tenant", "create", "globex", "--name", "Globex")
    damage(box, agenthq, "globex")
    done = agenthq("status", "--json")
    acme, globex = done.json["tenants"]
    assert (done.code, acme["tenant"], acme["running"]) == (0, "acme", 0)
    assert globex["tenant"] == "globex" and "Restore it from a backup." in globex["fault"]
    assert "globex is in maintenance: The database is damaged" in agenthq("status").out


def test_what_was_put_back_is_looked_after_beside_a_damaged_tenant(agenthq: Run, box: Path) -> None:
    agenthq("tenant", "create", "globex", "--name", "Globex")
    damage(box, agenthq, "acme")
    done = agenthq("restored", "--json")
    globex, acme = done.json["items"]
    assert (done.code, globex["tenant"], globex["restored"]["epoch"]) == (1, "globex", 1)
    assert acme["tenant"] == "acme" and "damaged" in acme["fault"]
    assert "acme is left out: The database is damaged" in agenthq("restored").out


def damage(box: Path, agenthq: Run, slug: str) -> None:
    [tenant] = [each for each in agenthq("tenant", "list", "--json").json["items"] if each["slug"] == slug]
    for path in (box / "tenants" / tenant["id"]).glob("tenant.db*"):
        path.write_bytes(b"no database" * 100)
