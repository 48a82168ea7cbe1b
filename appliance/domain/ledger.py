"""The ledger: a `call` for each logical LLM request, an `attempt` for each time it was sent. Append and settle.

Rows are in ledger_rows.py, reading in ledger_lists.py, the sum of one attempt in ledger_parts.py.
"""

from collections.abc import Collection, Mapping

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import budgets, error_types, price_alarms, records, spending
from appliance.domain.ledger_lists import attempts as attempts
from appliance.domain.ledger_lists import call as call
from appliance.domain.ledger_lists import calls as calls
from appliance.domain.ledger_lists import every as every
from appliance.domain.ledger_parts import parts as parts
from appliance.domain.ledger_rows import WEAKEST_FIRST
from appliance.domain.ledger_rows import Attempt as Attempt
from appliance.domain.ledger_rows import Call as Call
from appliance.domain.ledger_rows import CallFilter as CallFilter
from appliance.domain.ledger_rows import Ended as Ended
from appliance.domain.ledger_rows import Opening as Opening
from appliance.domain.ledger_rows import Part as Part
from appliance.domain.ledger_rows import Portion as Portion
from appliance.domain.ledger_rows import Settled as Settled

# SQLite looks every parameter up by its name among all of them: many rows in one statement cost more than many of them.
ROWS_AT_ONCE = 20
# Columns of JSON, and what nearly always stands in them.
_LISTS = (("units", "{}"), ("lines", "[]"), ("shares", "[]"))
_SUMMED = ("input_total", "cache_read", "output_total", "reasoning")
_KIND = """
COALESCE((SELECT {label} FROM tasks t WHERE t.id = :task_id_{n}),
  (SELECT w.name FROM instances i JOIN workflows w ON w.id = i.workflow_id WHERE i.task_id = :task_id_{n}),
  (SELECT w.name FROM nodes s JOIN instances i ON i.id = s.instance_id JOIN workflows w ON w.id = i.workflow_id
   WHERE s.task_id = :task_id_{n}), '')"""


def open_call(db: Database, opening: Opening) -> str:
    """Reserve the estimate on every scope and write the open call, all or nothing; its id.

    Raises Problem(budget_exceeded).
    """
    call_id = ids.new()
    with db.transaction():
        budgets.reserve(db, call_id, opening.scopes, opening.estimate_nano, opening.owner, opening.metered)
        enter(db, {call_id: opening})
    return call_id


def enter(db: Database, openings: Mapping[str, Opening]) -> None:
    """Write open calls by id, in one statement of the open transaction; their money has been reserved."""
    now = clock.iso()
    rows = [_begun(id_, opening, now) for id_, opening in openings.items()]
    if not any(row["task_id"] and not row["task_kind"] for row in rows):
        db.insert_all("calls", rows)
        return
    db.execute(*_inserted(db, rows))


def enter_ended(db: Database, opening: Opening, ended: Ended) -> int:
    """Write and book a call that began and ended within the open transaction, which has found room for its money.

    The cost in nano-dollars, as `settle` counts it.
    """
    now = clock.iso()
    row = _begun(ended.call_id, opening, now) | _closed(ended, now)
    sql, given = _inserted(db, [row])
    row |= db.rows(f"{sql} RETURNING task_kind", given)[0]
    _write(db, [ended])
    spending.book_unheld(db, ended, opening.estimate_nano, opening.scopes)
    db.note(Settled(row, ended.attempts))
    return _cost(ended)


def _begun(call_id: str, opening: Opening, now: str) -> Row:
    return {"id": call_id, "state": "open", "day": now[:10], "started_at": now, **_opened(opening)}


def _inserted(db: Database, rows: list[Row]) -> tuple[str, Row]:
    """The statement for calls some of which are named after their tasks, and its parameters."""
    values = []
    for n, row in enumerate(rows):
        kind = _KIND.format(label=db.first_of("t.labels"), n=n)
        looked_up = row["task_id"] and not row["task_kind"]
        marks = (kind if looked_up and column == "task_kind" else f":{column}_{n}" for column in row)
        values.append(f"({', '.join(marks)})")
    given = {f"{column}_{n}": value for n, row in enumerate(rows) for column, value in row.items()}
    return f"INSERT INTO calls ({', '.join(rows[0])}) VALUES {', '.join(values)}", given


def settle(db: Database, call_id: str, attempts: list[Attempt], failure_code: str = "") -> int:
    """Close the call with what its attempts cost, in the open transaction; the cost in nano-dollars.

    An attempt without a price counts on budgets as the estimate that was reserved, so spend never goes unseen. A call
    that was given up for lost meanwhile stays booked as estimated: 0 comes on top.
    """
    return settle_all(db, [Ended(call_id, attempts, failure_code)])[call_id]


def settle_all(db: Database, endings: list[Ended]) -> dict[str, int]:
    """The same for many calls, with the rows of their attempts written together; what each cost, by id."""
    closed = _close(db, endings)
    _write(db, [ended for ended, _ in closed])
    spending.book(db, [(ended, row["estimate_nano"]) for ended, row in closed])
    for ended, row in closed:
        db.note(Settled(row, ended.attempts))
    booked = {ended.call_id: _cost(ended) for ended, _ in closed}
    return {ended.call_id: booked.get(ended.call_id, 0) for ended in endings}


def settle_open(db: Database, call_id: str, attempts: list[Attempt], failure_code: str = "") -> bool:
    """Close a call whose caller could not record it, with what it really cost, on its run too; false if it is closed.

    Money that was spent is booked whatever becomes of what it bought.
    """
    with db.transaction():
        if db.value(f"SELECT state FROM calls WHERE id = :id {db.for_update}", {"id": call_id}) != "open":
            return False
        cost = settle(db, call_id, attempts, failure_code)
        book_on_run(db, call_id, cost)
    return True


def owners(db: Database) -> set[str]:
    """The processes with calls under way."""
    return {row["owner"] for row in db.rows("SELECT DISTINCT owner FROM reservations")}


def settle_lost(db: Database, gone: Collection[str]) -> int:
    """Close, as estimated, the calls of the processes that are `gone`; how many."""
    with db.transaction():
        rows = db.rows("SELECT DISTINCT call_id, owner FROM reservations")
        lost = [row for row in rows if row["owner"] in gone]
        for row in lost:
            _lose(db, row["call_id"], [], "process_gone")
    return len(lost)


def give_up(db: Database, call_id: str, attempts: list[Attempt]) -> None:
    """Close a call whose answer nobody will take; the sending under way counts as the estimate, on its run too."""
    with db.transaction():
        _lose(db, call_id, attempts, "given_up")


def book_on_run(db: Database, call_id: str, cost: int) -> None:
    """Add `cost` to the run and the task the call was made for, in the open transaction."""
    row = db.rows("SELECT run_id, task_id FROM calls WHERE id = :id", {"id": call_id})[0]
    params = {"cost": cost, **row}
    db.execute("UPDATE runs SET cost_nano = cost_nano + :cost WHERE id = :run_id", params)
    db.execute("UPDATE tasks SET cost_nano = cost_nano + :cost WHERE id = :task_id", params)


def source(attempts: list[Attempt]) -> str:
    """How sure the cost of a call is: the least sure of its attempts; "" when nothing was sent."""
    found = [attempt.cost_source for attempt in attempts]
    return next((source for source in WEAKEST_FIRST if source in found), found[0] if found else "")


def _opened(opening: Opening) -> Row:
    given = msgspec.structs.asdict(opening)
    row: Row = {name: value for name, value in given.items() if name not in ("owner", "scopes", "metered")}
    project = next((scope.id for scope in opening.scopes if scope.kind == "project"), "")
    return row | {"needs": ",".join(sorted(opening.needs)), "project": opening.project or project}


def _lose(db: Database, call_id: str, attempts: list[Attempt], code: str) -> None:
    sql = f"SELECT * FROM calls WHERE id = :id {db.for_update}"
    call = db.rows(sql, {"id": call_id})[0]
    if call["state"] == "lost":
        return
    guess = Attempt(call["provider_id"], call["model"], failure_code=code, started_at=call["started_at"])
    guess = msgspec.structs.replace(guess, cost_nano=call["estimate_nano"], cost_source="estimated")
    ended = Ended(call_id, [*attempts, guess], code)
    lost = _closed(ended, clock.iso(), "lost")
    db.update("calls", {"id": call_id}, **{name: value for name, value in lost.items() if name != "id"})
    db.note(Settled(call | lost, ended.attempts))
    _write(db, [ended])
    spending.book(db, [(ended, call["estimate_nano"])])
    book_on_run(db, call_id, _cost(ended))


def _close(db: Database, endings: list[Ended]) -> list[tuple[Ended, Row]]:
    """Each with its row as it is then, but for calls that somebody took for lost: their process may come back."""
    if not endings:
        return []
    now = clock.iso()
    if len(endings) == 1:
        row = _closed(endings[0], now)
        sql = f"UPDATE calls SET {_sets(row)} WHERE id = :id AND state <> 'lost' RETURNING *"
        return [(endings[0], whole) for whole in db.rows(sql, row)]
    closed = db.update_each("calls", [_closed(ended, now) for ended in endings], "state <> 'lost'")
    whole = {row["id"]: row for row in closed}
    return [(ended, whole[ended.call_id]) for ended in endings if ended.call_id in whole]


def _sets(row: Row) -> str:
    return ", ".join(f"{column} = :{column}" for column in row if column != "id")


def _closed(ended: Ended, now: str, state: str = "") -> Row:
    """The columns of a call that its end fills."""
    tried = ended.attempts
    values: Row = dict.fromkeys(_SUMMED, 0)
    for attempt in tried:
        for name in _SUMMED:
            values[name] += getattr(attempt, name)
    values |= {"state": state or ("failed" if ended.failure_code else "ok"), "failure_code": ended.failure_code}
    values |= {"day": now[:10], "finished_at": now, "attempts": len(tried), "cost_source": source(tried)}
    values["error_type"] = ended.error_type or error_types.of(ended.failure_code)
    values["cache_write"] = sum([a.cache_write_5m + a.cache_write_1h for a in tried])
    cost, imputed = _cost(ended), [a.imputed_nano for a in tried if a.imputed_nano is not None]
    values["cost_nano"] = None if _unpriced(ended) and not cost else cost
    values["imputed_nano"] = sum(imputed) if imputed else None
    return values | _times(ended) | {"id": ended.call_id}


def _times(ended: Ended) -> dict[str, int | None]:
    """A later try's first byte came after the whole of the earlier ones."""
    before = sum([a.duration_ms for a in ended.attempts[:-1]])
    last = ended.attempts[-1].first_byte_ms if ended.attempts else None
    first = before + last if last is not None else None
    whole = before + ended.attempts[-1].duration_ms if ended.attempts else 0
    return {
        "first_byte_ms": first if ended.first_byte_ms is None else ended.first_byte_ms,
        "duration_ms": whole if ended.duration_ms is None else ended.duration_ms,
    }


def _write(db: Database, endings: list[Ended]) -> None:
    rows = [
        {"id": ids.new(), "call_id": ended.call_id, "n": n, **msgspec.structs.asdict(attempt)}
        for ended in endings
        for n, attempt in enumerate(ended.attempts, 1)
    ]
    for row in rows:
        for name, nothing in _LISTS:
            row[name] = records.dump(row[name]) if row[name] else nothing
    for start in range(0, len(rows), ROWS_AT_ONCE):
        db.insert_all("attempts", rows[start : start + ROWS_AT_ONCE])
    price_alarms.note(db, (attempt for ended in endings for attempt in ended.attempts))


def _cost(ended: Ended) -> int:
    return sum([a.cost_nano or 0 for a in ended.attempts])


def _unpriced(ended: Ended) -> int:
    return [a.cost_nano for a in ended.attempts].count(None)
