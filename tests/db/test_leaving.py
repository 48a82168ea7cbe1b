"""Databases that nobody needs just now are closed beside the work, whole and without a journal."""

import contextlib
import resource
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from appliance.db.leaving import MOST, Leaving
from appliance.db.tenants import Catalogue, open_catalogue
from tests.waiting import until

TENANTS = [f"tenant-{n}" for n in range(30)]


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """With so few files that ten tenants stay open."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 100))
    made = open_catalogue(tmp_path)
    for tenant_id in TENANTS:
        made.create(tenant_id)
    return made


def count(catalogue: Catalogue, tenant_id: str) -> None:
    with catalogue.open(tenant_id) as db:
        db.next_number("seen")
        db.value("SELECT value FROM counters")


def journals(folder: Path) -> set[str]:
    return {found.parent.name for found in folder.glob("tenants/*/tenant.db-*")}


def test_who_was_not_asked_for_lately_lies_in_one_whole_file(catalogue: Catalogue) -> None:
    with contextlib.closing(catalogue):
        for tenant_id in TENANTS:
            count(catalogue, tenant_id)

        until(lambda: len(journals(catalogue.folder)) <= 10)
        rested = set(TENANTS) - journals(catalogue.folder)
        for tenant_id in rested:
            copied = shutil.copyfile(catalogue.folder / "tenants" / tenant_id / "tenant.db", catalogue.folder / "copy")
            with contextlib.closing(sqlite3.connect(f"file:{copied}?immutable=1", uri=True)) as copy:
                assert copy.execute("SELECT value FROM counters WHERE name = 'seen'").fetchone() == (1,)

        count(catalogue, TENANTS[0])
        with catalogue.open(TENANTS[0]) as db:
            assert db.value("SELECT value FROM counters WHERE name = 'seen'") == 2
    assert not journals(catalogue.folder)


def test_a_file_takes_the_place_of_another_only_after_that_was_closed(catalogue: Catalogue, tmp_path: Path) -> None:
    made = tmp_path / "made"
    with contextlib.closing(catalogue):
        shutil.copytree(catalogue.folder / "tenants" / TENANTS[1], made)
        for tenant_id in TENANTS:
            count(catalogue, tenant_id)
        catalogue.put_back(TENANTS[0], made, tmp_path / "aside" / "old")

        for tenant_id in TENANTS:
            count(catalogue, tenant_id)

        with catalogue.open(TENANTS[0]) as db:
            assert db.value("SELECT value FROM counters WHERE name = 'seen'") == 1
            assert db.integrity() == "ok"


def test_who_brings_more_than_can_be_closed_waits() -> None:
    leaving, gate, kept_up = Leaving(), threading.Event(), threading.Event()
    for n in range(MOST + 2):
        leaving.later(f"tenant-{n}", lambda: gate.wait(10))

    def bring() -> None:
        leaving.keep_up()
        kept_up.set()

    threading.Thread(target=bring).start()
    leaving.over("somebody else")
    assert not kept_up.wait(0.05)

    gate.set()
    assert kept_up.wait(10)
    leaving.over()
