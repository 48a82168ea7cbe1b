"""How many databases stay open: as many as files and memory allow, and those not asked for lately keep no pages."""

import contextlib
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.db import allowance, idle, sqlite
from appliance.db.sqlite import SqliteDatabase
from appliance.db.tenants import open_catalogue

START = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (256, {hard}))
from appliance import app
from appliance.settings import load
with app.open_data(load({{"data": sys.argv[1]}})):
    print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize("hard", [256, 3000])
def test_a_start_takes_as_many_files_as_the_system_lets_it(tmp_path: Path, hard: int) -> None:
    program = [sys.executable, "-c", START.format(hard=hard), str(tmp_path / "data")]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=30)
    assert done.stdout.split() == [str(hard), str(hard)], done.stderr


@pytest.mark.parametrize(("group", "most"), [("144000000\n", 30), ("max\n", None), ("9000\n", 16)])
def test_a_container_keeps_open_what_its_memory_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str, most: int | None
) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(group)
    monkeypatch.setattr(allowance, "_GROUP_LIMIT", limit)
    assert allowance.connections() == (most or allowance.memory() // 8 // allowance.CONNECTION_BYTES)


def test_tenants_asked_for_by_turns_stay_open_and_keep_few_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle, "WARM", 2)
    monkeypatch.setattr(sqlite, "FEW_PAGES", 0)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (3000, 3000))
    names = [f"tenant-{n}" for n in range(9)]
    with contextlib.closing(open_catalogue(tmp_path)) as catalogue:
        for name in names:
            catalogue.create(name)
        opened: dict[str, set[int]] = {name: set() for name in names}
        for _ in range(3):
            for name in names:
                with catalogue.open(name) as db:
                    db.next_number("seen")
                    assert isinstance(db, SqliteDatabase)
                    opened[name].add(id(db))
        for name in names:
            with catalogue.open(name) as db:
                assert db.value("SELECT value FROM counters WHERE name = 'seen'") == 3
    assert all(len(handles) == 1 for handles in opened.values())


def test_a_database_that_is_put_back_is_read_anew_even_if_it_had_rested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle, "WARM", 1)
    with contextlib.closing(open_catalogue(tmp_path)) as catalogue:
        for name in ("one", "two", "three"):
            catalogue.create(name)
            with catalogue.open(name) as db:
                db.next_number("seen")
        catalogue.create("new")
        made = (tmp_path / "tenants" / "new").rename(tmp_path / "made")
        catalogue.put_back("one", made, tmp_path / "aside" / "old")
        with catalogue.open("one") as db:
            assert db.value("SELECT value FROM counters WHERE name = 'seen'") is None
