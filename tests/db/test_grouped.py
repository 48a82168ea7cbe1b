"""Requests that wait for their turn to write at the same time share a transaction."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from appliance.db.database import Database
from appliance.errors import Problem
from tests.db.conftest import Home
from tests.db.test_contract import budget
from tests.waiting import until

CALLERS = 8


class Stop(BaseException):
    """The process of a leader is gone."""


def ask(home: Home, n: int, groups: list[list[int]], bad: int = -1) -> str:
    """Insert a row, in a handle of its own."""
    with home.catalogue.open(home.tenant_id) as db:

        def act(asked: list[int]) -> list[str]:
            groups.append(asked)
            for one in asked:
                db.insert("budgets", budget(one))
                if one == bad:
                    raise Problem("conflict", f"Not {one}.")
            return [f"did {one}" for one in asked]

        return db.grouped("test", act, n)


def together(home: Home, db: Database, groups: list[list[int]], bad: int = -1) -> list[str]:
    """All ask while somebody else writes; what each got."""
    with ThreadPoolExecutor(CALLERS) as pool:
        with db.transaction():
            asked = [pool.submit(ask, home, n, groups, bad) for n in range(CALLERS)]
            group = db._groups.of("test")
            until(lambda: len(group._waiting) == CALLERS, 20)
        return [str(one.exception() or one.result()) for one in asked]


def test_who_waits_at_the_same_time_is_served_in_one_transaction(home: Home, db: Database) -> None:
    groups: list[list[int]] = []
    assert together(home, db, groups) == [f"did {n}" for n in range(CALLERS)]
    assert [sorted(group) for group in groups] == [list(range(CALLERS))]
    assert db.value("SELECT COUNT(*) FROM budgets") == CALLERS


def test_nobodys_fault_is_anothers(home: Home, db: Database) -> None:
    groups: list[list[int]] = []
    got = together(home, db, groups, bad=3)
    assert got == ["Not 3." if n == 3 else f"did {n}" for n in range(CALLERS)]
    assert sorted(map(len, groups)) == [1] * CALLERS + [CALLERS]
    assert db.value("SELECT COUNT(*) FROM budgets") == CALLERS - 1


def test_alone_it_is_a_transaction_like_any_other(home: Home, db: Database) -> None:
    with pytest.raises(Problem):
        ask(home, 1, [], bad=1)
    assert db.value("SELECT COUNT(*) FROM budgets") == 0
    assert ask(home, 1, []) == "did 1"


def test_in_an_open_transaction_it_belongs_to_that(db: Database) -> None:
    def act(asked: list[int]) -> list[int]:
        db.insert_all("budgets", [budget(one) for one in asked])
        return asked

    with suppress(ZeroDivisionError), db.transaction():
        assert db.grouped("test", act, 5) == 5
        raise ZeroDivisionError
    assert db.value("SELECT COUNT(*) FROM budgets") == 0


def test_the_others_go_on_when_the_one_that_leads_is_gone(home: Home, db: Database) -> None:
    """Its transaction is void; they do theirs themselves."""
    done: list[int] = []

    def one(n: int) -> None:
        with home.catalogue.open(home.tenant_id) as own:

            def act(asked: list[int]) -> list[int]:
                if len(asked) > 1:
                    raise Stop
                own.insert("budgets", budget(n))
                return asked

            with suppress(Stop):
                done.append(own.grouped("gone", act, n))

    with ThreadPoolExecutor(CALLERS) as pool, db.transaction():
        for n in range(CALLERS):
            pool.submit(one, n)
        until(lambda: len(db._groups.of("gone")._waiting) == CALLERS, 20)
    assert len(done) == db.value("SELECT COUNT(*) FROM budgets") == CALLERS - 1
