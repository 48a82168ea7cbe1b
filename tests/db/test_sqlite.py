"""What only SQLite needs."""

import threading

import pytest

from appliance.db.database import Database
from appliance.db.sqlite import SqliteDatabase

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
MOVED = "SELECT id FROM instances WHERE moved ORDER BY updated_at, id LIMIT :most"


@pytest.mark.parametrize("sql", [MOVED, f"SELECT 1 AS one WHERE 'x' IN (SELECT id FROM ({MOVED}) AS m)"])
def test_a_limit_as_a_parameter_is_planned_once(db: Database, sql: str) -> None:
    asked: list[object] = []

    def allow(*about: object) -> int:
        asked.append(about)
        return 0

    assert isinstance(db, SqliteDatabase)
    with db.transaction():
        assert db._writing
        db._writing.conn.set_authorizer(allow)
        db.rows(sql, {"most": 1})
        planned = len(asked)
        db.rows(sql, {"most": 2})
        db.rows(sql, {"most": 3})
        assert len(asked) == planned > 0


def test_a_limit_that_is_a_sum_stays_as_it_is(db: Database) -> None:
    assert db.rows("SELECT 1 AS one UNION SELECT 2 LIMIT :most + 1", {"most": 0}) == [{"one": 1}]


def test_a_handle_in_the_hands_of_two_threads_says_so(db: Database) -> None:
    long = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT MAX(i) AS i FROM n"
    counting = threading.Thread(target=db.rows, args=(long,))
    counting.start()

    with pytest.raises(RuntimeError, match="two threads"):
        while counting.is_alive():
            db.rows("SELECT 1 AS one")

    counting.join()
    assert db.rows("SELECT 1 AS one") == [{"one": 1}]
