"""A tenant as a file, from a terminal."""

import io
import sys
from pathlib import Path

import pytest

from appliance.cli import root
from tests.bundles.forging import Forged
from tests.cli.conftest import Run

PHRASE = "nine apples in a box\n"


@pytest.fixture
def team(agenthq: Run, box: Path) -> Run:
    agenthq("provider", "add", "--tenant", "acme", "--kind", "simulated", "--name", "Sim")
    agenthq("agent", "create", "mara", "--name", "Mara", "--model", "simulated")
    agenthq("task", "create", "First")
    return agenthq


def test_a_tenant_is_exported_checked_and_imported(team: Run, tmp_path: Path) -> None:
    file = tmp_path / "acme.agenthq"
    done = team("tenant", "export", "acme", "--to", str(file))
    assert (done.code, "left behind" in done.out) == (0, True)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("acme*")] == ["acme.agenthq"]

    checked = team("tenant", "import", str(file), "--slug", "copy", "--check")
    assert checked.out.startswith("The bundle is sound. Nothing was changed.")
    assert team("tenant", "show", "copy").code == 1

    made = team("tenant", "import", str(file), "--slug", "copy", "--json")
    assert (made.json["tenant"]["slug"], made.json["strangers"]) == ("copy", ["alice@acme.test"])
    assert team("task", "show", "1", "--tenant", "copy", "--json").json["title"] == "First"


def test_the_check_finds_what_only_the_database_knows(team: Run, tmp_path: Path) -> None:
    team("task", "create", "Second")
    file = tmp_path / "acme.agenthq"
    team("tenant", "export", "acme", "--to", str(file))
    forged = Forged(file.read_bytes())
    for row in range(2):
        forged.set("tasks", "number", 1, row)
    file.write_bytes(forged.pack())

    refused = team("tenant", "import", str(file), "--slug", "copy", "--check")
    assert (refused.code, len(refused.lines)) == (1, 1)
    assert "two rows have what only one may have" in refused.err


def test_an_import_tells_of_its_plan_and_of_the_way_in(team: Run, tmp_path: Path) -> None:
    file = tmp_path / "acme.agenthq"
    assert team("plan", "create", "gold").code == 0
    team("tenant", "plan", "acme", "gold")
    team("tenant", "export", "acme", "--to", str(file))
    team("tenant", "plan", "acme", "growth")
    team("plan", "remove", "gold")

    checked = team("tenant", "import", str(file), "--slug", "copy", "--check", "--json").json
    assert checked["notes"] == ["There is no plan gold on this box, so the tenant is on enterprise."]
    made = team("tenant", "import", str(file), "--slug", "copy")
    assert checked["notes"][0] in made.out
    assert "agenthq member add EMAIL --role owner --tenant copy" in made.out

    refused = team("tenant", "import", str(file), "--slug", "other", "--plan", "gold")
    assert (refused.code, "there is no plan gold; there are free" in refused.err) == (2, True)
    own = team("tenant", "import", str(file), "--slug", "other", "--plan", "free", "--owner", "alice@acme.test")
    assert "Its owner: alice@acme.test" in own.out and "no plan" not in own.out


def test_through_a_pipe(team: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    out = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", out)
    assert team("tenant", "export", "acme", "--to", "-").code == 0
    monkeypatch.undo()
    monkeypatch.setenv("AGENTHQ_DATA", str(folder))

    class Stdin:
        buffer = Pipe(out.buffer.getvalue())  # type: ignore[attr-defined]

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert root.run(["tenant", "import", "-", "--slug", "copy"]) == 0


def test_with_secrets_a_passphrase_is_needed(team: Run, tmp_path: Path) -> None:
    file = str(tmp_path / "acme.agenthq")
    done = team("tenant", "export", "acme", "--to", file, "--passphrase-stdin", stdin=PHRASE)
    assert "under the passphrase" in done.out

    refused = team("tenant", "import", file, "--slug", "copy")
    assert (refused.code, "give the passphrase" in refused.err) == (2, True)
    assert team("tenant", "import", file, "--slug", "copy", "--passphrase-stdin", stdin=PHRASE).code == 0


def test_a_tampered_bundle_is_refused_in_one_line(team: Run, tmp_path: Path) -> None:
    file = tmp_path / "acme.agenthq"
    team("tenant", "export", "acme", "--to", str(file))
    forged = Forged(file.read_bytes())
    forged.set("agents", "paused", 1)
    file.write_bytes(forged.pack())

    refused = team("tenant", "import", str(file), "--slug", "copy")
    assert refused.code == 1
    assert len(refused.lines) == 1
    assert "refused: rows/agents/000001.ndjson has a row that does not fit" in refused.err


def test_files_that_are_not_there(team: Run, tmp_path: Path) -> None:
    assert "can't be read" in team("tenant", "import", str(tmp_path / "none"), "--slug", "copy").err
    assert "can't be written" in team("tenant", "export", "acme", "--to", str(tmp_path / "no" / "file")).err
    assert team("tenant", "export", "nobody", "--to", str(tmp_path / "x")).code == 1
    assert [*tmp_path.glob("x*")] == []


def test_a_tenant_is_forked(team: Run, folder: Path) -> None:
    made = team("tenant", "fork", "acme", "acme-test", "--name", "Trial", "--with-people", "--json").json

    assert (made["tenant"]["name"], made["joined"]) == ("Trial", ["alice@acme.test"])
    alone = team("tenant", "fork", "acme", "acme-alone").out
    assert "agenthq member add EMAIL --role owner --tenant acme-alone" in alone
    assert "Its owner: alice@acme.test" in team("tenant", "fork", "acme", "mine", "--owner", "alice@acme.test").out
    team("task", "create", "Only here", "--tenant", "acme-test")
    assert "Only here" not in team("task", "list", "--tenant", "acme").out
    assert "is taken" in team("tenant", "fork", "acme", "acme-test", "--json").out
