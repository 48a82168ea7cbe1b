"""What every query in the product relies on, proved on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from appliance.db.database import Database, Duplicate, Row
from appliance.errors import Problem
from tests.db.conftest import Home


def budget(n: int = 1, **changed: Any) -> Row:
    row = {"id": f"b{n}", "scope": "agent", "scope_id": f"a{n}", "span": "day", "limit_nano": n}
    row |= {"extra_nano": 0, "extra_until": None, "alerted": "", "action": "pause", "downgrade_to": ""}
    row |= {"strict": False, "reset_from": "", "reset_nano": 0}
    return row | {"created_at": "2026", "updated_at": "2026"} | changed


def test_rows_come_back_as_they_went_in(db: Database) -> None:
    db.insert("budgets", budget(2**62))
    assert db.rows("SELECT * FROM budgets") == [budget(2**62)]


def test_one_and_value(db: Database) -> None:
    db.insert("budgets", budget())
    assert db.one("SELECT * FROM budgets WHERE id = :id", {"id": "b1"}) == budget()
    assert db.one("SELECT * FROM budgets WHERE id = :id", {"id": "x"}) is None
    assert db.value("SELECT scope_id FROM budgets") == "a1"
    assert db.value("SELECT scope_id FROM budgets WHERE id = 'x'") is None


def test_insert_all_is_one_statement(db: Database) -> None:
    db.insert_all("budgets", [budget(n) for n in range(5)])
    db.insert_all("budgets", [])
    assert db.value("SELECT COUNT(*) FROM budgets") == 5


def test_insert_all_takes_more_than_one_statement_may_hold(db: Database) -> None:
    db.insert_all("budgets", [budget(n) for n in range(12_000)])

    assert db.value("SELECT COUNT(*) AS n FROM budgets") == 12_000


@pytest.mark.parametrize("many", [2, 150])
def test_insert_all_is_all_or_nothing(db: Database, many: int) -> None:
    with db.transaction():
        db.insert("budgets", budget(999))
        with pytest.raises(Duplicate), db.attempt():
            db.insert_all("budgets", [*(budget(n) for n in range(many)), budget(1)])
    assert db.value("SELECT COUNT(*) FROM budgets") == 1


def test_update_and_delete_say_how_many(db: Database) -> None:
    db.insert_all("budgets", [budget(n) for n in range(3)])
    assert db.update("budgets", {"span": "day"}, limit_nano=9) == 3
    assert db.update("budgets", {"id": "x"}, limit_nano=9) == 0
    assert db.delete("budgets", id="b0", span="day") == 1
    assert db.delete("budgets", id="b0") == 0
    assert db.execute("DELETE FROM budgets WHERE limit_nano = :n", {"n": 9}) == 2


@pytest.mark.parametrize("many", [1, 3, 150])
def test_each_row_is_updated_with_its_own_values_where_the_condition_holds(db: Database, many: int) -> None:
    before = [budget(n, span="week" if n == 0 else "day") for n in range(many + 2)]
    db.insert_all("budgets", before)
    changes: list[Row] = [{"id": f"b{n}", "limit_nano": 2**62 - n, "extra_until": None} for n in range(many)]
    changes.append({"id": "nobody", "limit_nano": 1, "extra_until": None})
    with db.transaction():
        told = db.update_each("budgets", changes, "span <> 'week'")
    after = [before[0], *(budget(n, limit_nano=2**62 - n) for n in range(1, many)), *before[many:]]
    assert sorted(told, key=lambda row: before.index(budget(int(row["id"][1:])))) == after[1:many]
    assert db.rows("SELECT * FROM budgets ORDER BY created_at, LENGTH(id), id") == after


def test_upsert_inserts_and_replaces(db: Database) -> None:
    row = {"scope": "tenant", "scope_id": "", "span": "day", "starts": "2026-11-23", "settled_nano": 5}
    key = ("scope", "scope_id", "span", "starts")
    db.upsert("spent", row, key)
    db.upsert("spent", row | {"settled_nano": 7}, key)
    assert db.rows("SELECT * FROM spent") == [row | {"settled_nano": 7}]


def test_upsert_of_a_key_alone_keeps_the_row(db: Database) -> None:
    db.insert("budgets", budget())
    db.upsert("counters", {"name": "n", "value": 1}, ("name",))
    db.upsert("counters", {"name": "n", "value": 1}, ("name", "value")[:1])
    assert db.value("SELECT value FROM counters WHERE name = 'n'") == 1


def test_a_unique_constraint_is_a_duplicate(db: Database) -> None:
    db.insert("budgets", budget())
    for clash in (budget(scope_id="other"), budget(id="other")):
        with pytest.raises(Duplicate) as caught:
            db.insert("budgets", clash)
        assert (caught.value.code, caught.value.status) == ("duplicate", 409)
    assert db.value("SELECT COUNT(*) FROM budgets") == 1


def test_a_missing_parent_is_a_conflict(db: Database) -> None:
    row = {"task_id": "nobody", "blocker_id": "nobody", "on_cancel": "hold"}
    with pytest.raises(Problem) as caught:
        db.insert("task_blockers", row)
    assert caught.value.code == "conflict"


def test_a_duplicate_inside_a_transaction_undoes_all_of_it(db: Database) -> None:
    with pytest.raises(Duplicate), db.transaction():
        db.insert("budgets", budget(1))
        db.insert("budgets", budget(1))
    assert db.value("SELECT COUNT(*) FROM budgets") == 0
    db.insert("budgets", budget(1))


def test_a_nested_transaction_joins_the_outer(db: Database) -> None:
    with pytest.raises(ZeroDivisionError), db.transaction():
        with db.transaction():
            db.insert("budgets", budget())
        assert db.in_transaction
        raise ZeroDivisionError
    assert not db.in_transaction
    assert db.value("SELECT COUNT(*) FROM budgets") == 0


def test_committed_rows_are_seen_by_others_uncommitted_ones_not(db: Database, home: Home) -> None:
    with home.catalogue.open(home.tenant_id) as other:
        with db.transaction():
            db.insert("budgets", budget())
            assert other.value("SELECT COUNT(*) FROM budgets") == 0
        assert other.value("SELECT COUNT(*) FROM budgets") == 1


def test_rows_inserted_later_are_there_for_who_looks_and_after_the_commit(db: Database) -> None:
    with db.transaction():
        db.insert_later("budgets", budget(1))
        db.insert_later("budgets", budget(2))
        assert db.value("SELECT COUNT(*) FROM budgets") == 2
        assert db.update("budgets", {"id": "b1"}, limit_nano=9) == 1
        db.insert_later("budgets", budget(3))
    assert db.value("SELECT COUNT(*) FROM budgets") == 3


def test_rows_inserted_later_go_with_their_transaction(db: Database) -> None:
    with suppress(ZeroDivisionError), db.transaction():
        db.insert_later("budgets", budget(1))
        raise ZeroDivisionError
    with pytest.raises(Duplicate), db.transaction():
        db.insert("budgets", budget(2))
        db.insert_later("budgets", budget(2))
    with db.transaction():
        db.insert("budgets", budget(4))
    assert [row["id"] for row in db.rows("SELECT id FROM budgets")] == ["b4"]


def test_what_comes_before_the_commit_is_part_of_it(db: Database) -> None:
    with db.transaction():
        db.before_commit(lambda: db.insert("budgets", budget(2)))
        db.insert("budgets", budget(1))
        assert db.value("SELECT COUNT(*) FROM budgets") == 1
    assert db.value("SELECT COUNT(*) FROM budgets") == 2
    with suppress(ZeroDivisionError), db.transaction():
        db.before_commit(lambda: db.insert("budgets", budget(3)))
        raise ZeroDivisionError
    with db.transaction():
        db.known["of"] = "this transaction"
    assert (db.value("SELECT COUNT(*) FROM budgets"), db.known) == (2, {})


def test_after_commit_follows_the_commit(db: Database, home: Home) -> None:
    seen: list[int] = []

    def look() -> None:
        with home.catalogue.open(home.tenant_id) as other:
            seen.append(other.value("SELECT COUNT(*) FROM budgets"))

    with db.transaction():
        db.after_commit(look)
        db.insert("budgets", budget())
        assert seen == []
    assert seen == [1]


def happening(seq: int) -> Row:
    return {"seq": seq, "kind": "task.created"}


def test_announcements_arrive_in_order_and_only_when_committed(db: Database, home: Home) -> None:
    heard: list[tuple[str, list[Row]]] = []
    home.catalogue.subscribe(lambda name, events: heard.append((name, events)))
    with pytest.raises(ZeroDivisionError), db.transaction():
        db.announce(happening(0))
        raise ZeroDivisionError
    with db.transaction():
        db.announce(happening(1))
        with db.transaction():
            db.announce(happening(2))
        assert heard == []
    assert heard == [(home.tenant_id, [happening(1), happening(2)])]


@pytest.mark.parametrize("verb", ["insert", "upsert", "update", "delete", "insert_all"])
def test_an_unknown_table_is_refused_and_not_made(db: Database, verb: str) -> None:
    arguments: dict[str, Any] = {
        "insert": ({"a": 1},),
        "upsert": ({"a": 1}, ("a",)),
        "update": ({"a": 1},),
        "delete": (),
        "insert_all": ([{"a": 1}],),
    }
    with pytest.raises(LookupError, match="no such table: taskz"):
        getattr(db, verb)("taskz", *arguments[verb])


@pytest.mark.parametrize(
    "text", ["100 %", "%s %(x)s %%", ":name ::text", "'; DROP TABLE budgets; --", "é✓\U0001f600", ""]
)
def test_values_are_never_sql(db: Database, text: str) -> None:
    db.insert("budgets", budget(scope_id=text))
    assert db.value("SELECT scope_id FROM budgets WHERE scope_id = :text", {"text": text}) == text


def test_percent_and_colon_in_sql_are_themselves(db: Database) -> None:
    db.insert("budgets", budget(scope_id="10:30 %"))
    sql = "SELECT scope_id FROM budgets WHERE scope_id LIKE '%' || :part || '%' AND scope_id LIKE '10:_0 %'"
    assert db.value(sql, {"part": "30"}) == "10:30 %"
    assert db.value("SELECT scope_id FROM budgets WHERE scope_id LIKE '1%'") == "10:30 %"


def test_nulls_and_booleans_keep_their_kind(db: Database) -> None:
    agent: Row = {
        "id": "a",
        "slug": "s",
        "name": "n",
        "title": "",
        "manager_id": None,
        "instructions": "",
        "model": "m",
    }
    agent |= {"tools": "[]", "runtime": "builtin", "max_concurrency": 1, "paused": True}
    db.insert("agents", agent | {"revision": 1, "created_at": "", "updated_at": "", "deleted_at": None})
    row = db.rows("SELECT manager_id, paused FROM agents WHERE paused = TRUE AND manager_id IS NULL")[0]
    assert (row["manager_id"], bool(row["paused"])) == (None, True)
    assert db.update("agents", {"id": "a"}, paused=False) == 1
    assert db.value("SELECT COUNT(*) FROM agents WHERE paused = FALSE") == 1


def test_sums_are_whole_numbers(db: Database) -> None:
    db.insert_all("budgets", [budget(n, limit_nano=2**53 + n) for n in (1, 2)])
    total = db.value("SELECT CAST(SUM(limit_nano) AS BIGINT) FROM budgets")
    assert (total, type(total)) == (2**54 + 3, int)


def test_numbers_have_no_gaps(home: Home) -> None:
    taken: list[int] = []

    def take(n: int) -> None:
        with home.catalogue.open(home.tenant_id) as db:
            for _ in range(10):
                with pytest.raises(ZeroDivisionError), db.transaction():
                    db.next_number("tasks")
                    raise ZeroDivisionError
                with db.transaction():
                    taken.append(db.next_number("tasks"))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(take, range(6)))
    assert sorted(taken) == list(range(1, 61))


def test_numbers_are_taken_in_bulk(db: Database) -> None:
    assert [db.next_number("x", 5), db.next_number("x"), db.next_number("y")] == [5, 6, 1]


def test_no_transaction_fails_under_contention(home: Home) -> None:
    start = threading.Barrier(8)

    def work(n: int) -> None:
        start.wait()
        for turn in range(50):
            with home.catalogue.open(home.tenant_id) as db, db.transaction():
                before = db.value("SELECT COALESCE(MAX(value), 0) FROM counters WHERE name = 'c'")
                after = db.next_number("c")
                assert after > before
                db.insert("budgets", budget(n * 100 + turn))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    with home.catalogue.open(home.tenant_id) as db:
        assert db.value("SELECT value FROM counters WHERE name = 'c'") == 400
        assert db.value("SELECT COUNT(*) FROM budgets") == 400


def test_readers_do_not_wait_for_a_writer(db: Database, home: Home) -> None:
    with db.transaction():
        db.insert("budgets", budget())
        with home.catalogue.open(home.tenant_id) as other, ThreadPoolExecutor(1) as pool:
            assert pool.submit(other.value, "SELECT COUNT(*) FROM budgets").result(timeout=2) == 0


def test_tenants_do_not_see_each_other(home: Home) -> None:
    with home.catalogue.control() as control:
        names = [row["id"] for row in control.rows("SELECT id FROM tenants ORDER BY slug")]
    with home.catalogue.open(names[0]) as acme:
        acme.insert("budgets", budget())
    with home.catalogue.open(names[1]) as globex:
        assert globex.value("SELECT COUNT(*) FROM budgets") == 0


def test_a_borrowed_connection_comes_back_clean(home: Home) -> None:
    with pytest.raises(ZeroDivisionError), home.catalogue.open(home.tenant_id) as db, db.transaction():
        db.insert("budgets", budget())
        raise ZeroDivisionError
    with home.catalogue.open(home.tenant_id) as db:
        assert not db.in_transaction
        assert db.value("SELECT COUNT(*) FROM budgets") == 0


def test_a_new_tenant_is_migrated_and_made_once(home: Home) -> None:
    home.catalogue.create("01a00000-0000-7000-8000-000000000001")
    with home.catalogue.open("01a00000-0000-7000-8000-000000000001") as db:
        assert db.value("SELECT COUNT(*) FROM tasks") == 0
    with pytest.raises(Problem, match="has a database already"):
        home.catalogue.create("01a00000-0000-7000-8000-000000000001")


def test_a_discarded_tenant_leaves_nothing(home: Home) -> None:
    tenant_id = "01a00000-0000-7000-8000-000000000002"
    home.catalogue.create(tenant_id)
    with home.catalogue.open(tenant_id) as db:
        db.insert("budgets", budget())
    home.catalogue.discard(tenant_id)
    assert not home.catalogue.exists(tenant_id)
    home.catalogue.create(tenant_id)
    with home.catalogue.open(tenant_id) as db:
        assert db.value("SELECT COUNT(*) FROM budgets") == 0


def test_a_swallowed_error_is_not_taken_for_a_commit(backend: str, db: Database) -> None:
    if backend != "postgres":
        return
    with pytest.raises(Problem, match="not stored"), db.transaction():
        db.insert("counters", {"name": "kept", "value": 1})
        with suppress(Problem):
            db.insert("counters", {"name": "kept", "value": 2})
    assert db.rows("SELECT * FROM counters WHERE name = 'kept'") == []
