"""The same commands on a box that keeps its data in PostgreSQL."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from appliance.cli.desk import Desk
from appliance.domain import provider_secrets, providers, workers
from tests.cli.conftest import OWNER, PASSWORD, Run

KEY = "sk-canary-7Q-zz9x8w7v6u5t4s3r2q1p"
pytestmark = [pytest.mark.outside, pytest.mark.postgres]


@pytest.fixture
def use(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes an empty database of that name the one of the next commands."""

    def empty(name: str) -> None:
        with psycopg.connect(postgres_url, autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            server.execute(f"CREATE DATABASE {name}".encode())
        monkeypatch.setenv("AGENTHQ_DATABASE_URL", postgres_url.rpartition("/")[0] + f"/{name}")

    return empty


@pytest.fixture
def there(agenthq: Run, folder: Path, use: Callable[[str], None]) -> Path:
    """The data folder of a box with its data on the server."""
    use("command_line")
    assert agenthq("init", *OWNER, "--simulated", stdin=PASSWORD + "\n").code == 0
    return folder


def test_a_box_on_postgresql(agenthq: Run, there: Path) -> None:
    assert agenthq("task", "create", "Write notes", "--to", "mara").out == "#1 Write notes: todo.\n"
    assert [task["number"] for task in agenthq("task", "list", "--json").json["items"]] == [1]
    assert agenthq("key", "create", "--json").json["role"] == "operator"
    assert agenthq("status", "--json").json["tenants"][0]["waiting"] == 1
    shown = {row["name"]: row["value"] for row in agenthq("config", "show", "--json").json["items"]}
    assert shown["database_url"] == "(hidden)"
    assert not (there / "control.db").exists()


def secret_opens(folder: Path) -> bool:
    with closing(Desk({"data": str(folder)})) as desk, desk.room(None) as room:
        [account] = [one for one in providers.all(room.db) if one.name == "Real"]
        return provider_secrets.opened(room.db, desk.vault, account.id) == KEY


def kit(agenthq: Run, file: Path) -> str:
    file.write_text(agenthq("backup", "kit", "--json").json["kit"])
    return str(file)


def test_a_rotated_key_opens_the_data_on_postgresql_and_old_backups_open_with_the_old_kit(
    agenthq: Run, there: Path, use: Callable[[str], None], tmp_path: Path
) -> None:
    named = ("--kind", "openai", "--name", "Real", "--model", "m")
    assert agenthq("provider", "add", *named, "--key-stdin", stdin=KEY + "\n").code == 0
    assert agenthq("backup", "run").code == 0
    old_kit, old_key = kit(agenthq, tmp_path / "old.txt"), (there / "keys" / "master.key").read_text()
    usb = shutil.copytree(there / "backups", tmp_path / "usb")

    assert agenthq("master-key", "rotate", "--yes", "--json").json["generation"] == 2

    assert (there / "keys" / "master.key").read_text() != old_key
    assert [agenthq(*verb).code for verb in (("master-key", "status"), ("audit", "verify", "--box"))] == [0, 0]
    assert secret_opens(there)
    ran = agenthq("backup", "run", "--json").json["items"]
    assert [(item["state"], item["generation"]) for item in ran] == [("verified", 2)] * 2
    new_kit = kit(agenthq, tmp_path / "new.txt")

    use("command_line_again")
    first = str(tmp_path / "first")
    assert agenthq("restore", "--kit", new_kit, "--from", str(usb), "--data", first).code == 69
    done = agenthq("restore", "--kit", old_kit, "--from", str(usb), "--data", first)
    assert (done.code, "aside" in done.out) == (0, False), done.err
    assert secret_opens(Path(first))
    # The newer backups go over the older ones, which stay aside.
    newer = agenthq("restore", "--kit", new_kit, "--from", str(there / "backups"), "--data", first, "--force")
    assert (newer.code, "The rows from before are in the schemas aside_" in newer.out) == (0, True), newer.err
    assert secret_opens(Path(first))
    assert agenthq("audit", "verify", "--box", "--data", first).code == 0
    assert [each["slug"] for each in agenthq("tenant", "list", "--json", "--data", first).json["items"]] == ["acme"]


def test_nothing_is_put_back_or_rotated_while_another_machine_works_on_the_data(
    agenthq: Run, there: Path, tmp_path: Path
) -> None:
    agenthq("backup", "run")
    paper = kit(agenthq, tmp_path / "kit.txt")
    with closing(Desk({"data": str(tmp_path / "elsewhere")})) as desk:
        with desk.catalogue.control() as control:
            workers.enter(control, "other", "worker", alone=False)
        verbs = (
            ("master-key", "rotate", "--yes"),
            ("restore", "--kit", paper, "--from", str(there / "backups"), "--force"),
            ("restore", "--tenant", "acme", "--from", "here", "--force"),
        )
        for verb in verbs:
            refused = agenthq(*verb)
            assert (refused.code, "Processes work on this data: worker" in refused.err) == (75, True), refused.err
        with desk.catalogue.control() as control:
            workers.leave(control, "other")
    assert agenthq("master-key", "rotate", "--yes").code == 0
