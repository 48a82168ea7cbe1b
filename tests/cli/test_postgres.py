"""The same commands on a box that keeps its data in PostgreSQL."""

from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import OWNER, PASSWORD, Run

pytestmark = pytest.mark.outside


@pytest.mark.postgres
def test_a_box_on_postgresql(agenthq: Run, folder: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute("DROP DATABASE IF EXISTS command_line")
        server.execute("CREATE DATABASE command_line")
    monkeypatch.setenv("AGENTHQ_DATABASE_URL", postgres_url.rpartition("/")[0] + "/command_line")
    assert agenthq("init", *OWNER, "--simulated", stdin=PASSWORD + "\n").code == 0
    assert agenthq("task", "create", "Write notes", "--to", "mara").out == "#1 Write notes: todo.\n"
    assert [task["number"] for task in agenthq("task", "list", "--json").json["items"]] == [1]
    assert agenthq("key", "create", "--json").json["role"] == "operator"
    assert agenthq("status", "--json").json["tenants"][0]["waiting"] == 1
    shown = {row["name"]: row["value"] for row in agenthq("config", "show", "--json").json["items"]}
    assert shown["database_url"] == "(hidden)"
    assert not (folder / "control.db").exists()
