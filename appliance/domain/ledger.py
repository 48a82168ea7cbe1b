"""The ledger: a `call` for each logical LLM request, an `attempt` for each time it was sent. Append and settle."""

from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import budgets, records
from appliance.domain.records import Page
from appliance.domain.scopes import Scope
from appliance.errors import not_found

BATCH = 1000
MTOK = 1_000_000


class Call(msgspec.Struct, frozen=True):
    """`state` is open, ok, failed or lost; `cost_nano` is None while open and for what could not be priced."""

    id: str
    run_id: str | None
    step_key: str
    task_id: str | None
    agent_id: str | None
    provider_id: str
    model: str
    state: str
    failure_code: str
    cost_nano: int | None
    estimate_nano: int
    simulated: bool
    attempts: int
    input_total: int
    cache_read: int
    output_total: int
    day: str
    started_at: str
    finished_at: str | None
    agent_name: str | None = None
    provider_name: str | None = None
    task_number: int | None = None
    duration_ms: int | None = None


class Attempt(msgspec.Struct, frozen=True):
    """One sending. Tokens as in the canonical usage record; unit prices in nano-dollars for a million tokens.

    `imputed_nano` is what the tokens would have cost at list prices where nobody pays for each call.
    """

    provider_id: str
    model_requested: str
    model_reported: str = ""
    request_id: str = ""
    failure_code: str = ""
    failure_detail: str = ""
    input_total: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output_total: int = 0
    reasoning: int = 0
    cost_nano: int | None = None
    cost_source: str = "unpriced"
    matched_model: str = ""
    price_version: str = ""
    imputed_nano: int | None = None
    input_nano_mtok: int | None = None
    output_nano_mtok: int | None = None
    cache_read_nano_mtok: int | None = None
    first_byte_ms: int | None = None
    duration_ms: int = 0
    started_at: str = ""


class Part(msgspec.Struct, frozen=True):
    """One line of an attempt's sum: tokens at a unit price (None where the price list has several) make an amount."""

    label: str
    tokens: int
    nano_mtok: int | None
    cost_nano: int


class Opening(msgspec.Struct, frozen=True):
    """What a call is for, before it is sent; `owner` is the process that will settle it.

    `metered` when somebody has to pay for it: then some budget has to cover it.
    """

    provider_id: str
    model: str
    simulated: bool
    estimate_nano: int
    owner: str
    scopes: tuple[Scope, ...]
    run_id: str | None = None
    step_key: str = ""
    task_id: str | None = None
    agent_id: str | None = None
    metered: bool = False


SELECT = """
SELECT c.*, a.name AS agent_name, p.name AS provider_name, t.number AS task_number,
  (SELECT CAST(SUM(x.duration_ms) AS BIGINT) FROM attempts x WHERE x.call_id = c.id) AS duration_ms
FROM calls c LEFT JOIN agents a ON a.id = c.agent_id LEFT JOIN providers p ON p.id = c.provider_id
LEFT JOIN tasks t ON t.id = c.task_id
"""


def open_call(db: Database, opening: Opening) -> str:
    """Reserve the estimate on every scope and write the open call, all or nothing; its id.

    Raises Problem(budget_exceeded).
    """
    call_id, now = ids.new(), clock.iso()
    with db.transaction():
        budgets.reserve(db, call_id, opening.scopes, opening.estimate_nano, opening.owner, opening.metered)
        row: Row = {"id": call_id, "state": "open", "day": now[:10], "started_at": now}
        fields = ("provider_id", "model", "simulated", "estimate_nano", "run_id", "step_key", "task_id", "agent_id")
        db.insert("calls", row | {field: getattr(opening, field) for field in fields})
    return call_id


def settle(db: Database, call_id: str, attempts: list[Attempt], failure_code: str = "") -> int:
    """Close the call with what its attempts cost, in the open transaction; the cost in nano-dollars.

    An attempt without a price counts on budgets as the estimate that was reserved, so spend never goes unseen. A call
    that was given up for lost meanwhile stays booked as estimated: 0 comes on top.
    """
    if _is_lost(db, call_id):
        return 0
    return _close(db, call_id, "failed" if failure_code else "ok", attempts, failure_code)


def settle_open(db: Database, call_id: str, attempts: list[Attempt], failure_code: str = "") -> bool:
    """Close a call whose caller could not record it, with what it really cost, on its run too; false if it is closed.

    Money that was spent is booked whatever becomes of what it bought.
    """
    with db.transaction():
        if db.value(f"SELECT state FROM calls WHERE id = :id {db.for_update}", {"id": call_id}) != "open":
            return False
        cost = settle(db, call_id, attempts, failure_code)
        _book_on_run(db, call_id, cost)
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
        if not _is_lost(db, call_id):
            _lose(db, call_id, attempts, "given_up")


def calls(
    db: Database, limit: int = records.LIMIT, cursor: str = "", task_id: str = "", agent_id: str = "", model: str = ""
) -> Page[Call]:
    """Newest first. Raises Problem(bad_cursor)."""
    given: dict[str, Any] = {"task_id": task_id, "agent_id": agent_id, "model": model}
    tests = [f"c.{column} = :{column}" for column, value in given.items() if value]
    given["limit"] = max(1, min(limit, records.LIMIT_MAX))
    if cursor:
        given["at"], given["id"] = records.read_cursor(cursor, str, str)
        tests.append("(c.started_at < :at OR (c.started_at = :at AND c.id < :id))")
    where = f"WHERE {' AND '.join(tests)}" if tests else ""
    rows = db.rows(f"{SELECT} {where} ORDER BY c.started_at DESC, c.id DESC LIMIT :limit + 1", given)
    return records.page([records.to(Call, row) for row in rows], given["limit"], lambda c: (c.started_at, c.id))


def call(db: Database, call_id: str) -> Call:
    """Raises Problem(not_found)."""
    row = db.one(f"{SELECT} WHERE c.id = :id", {"id": call_id})
    if row is None:
        raise not_found("call")
    return records.to(Call, row)


def every(db: Database, first_day: str, last_day: str) -> Iterator[Call]:
    """All calls of these days (both included), oldest first, read in batches however many there are."""
    given = {"first": first_day, "last": last_day, "at": "", "id": "", "batch": BATCH}
    sql = f"""{SELECT} WHERE c.day BETWEEN :first AND :last
    AND (c.started_at > :at OR (c.started_at = :at AND c.id > :id)) ORDER BY c.started_at, c.id LIMIT :batch"""
    while rows := db.rows(sql, given):
        yield from (records.to(Call, row) for row in rows)
        given |= {"at": rows[-1]["started_at"], "id": rows[-1]["id"]}


def attempts(db: Database, call_id: str) -> list[Attempt]:
    rows = db.rows("SELECT * FROM attempts WHERE call_id = :id ORDER BY n", {"id": call_id})
    return [records.to(Attempt, row) for row in rows]


def parts(attempt: Attempt) -> list[Part]:
    """How the cost comes about, line by line, adding up to it; empty where no unit price made it."""
    if attempt.cost_nano is None or attempt.input_nano_mtok is None or attempt.imputed_nano is not None:
        return []
    written = attempt.cache_write_5m + attempt.cache_write_1h
    lines = (
        ("Input", attempt.input_total - attempt.cache_read - written, attempt.input_nano_mtok),
        ("Input from the cache", attempt.cache_read, attempt.cache_read_nano_mtok or attempt.input_nano_mtok),
        ("Output", attempt.output_total, attempt.output_nano_mtok or 0),
    )
    found = [Part(label, tokens, unit, round(tokens * unit / MTOK)) for label, tokens, unit in lines if tokens > 0]
    rest = attempt.cost_nano - sum(part.cost_nano for part in found)
    if written:
        found.append(Part("Input written to the cache", written, None, rest))
    elif rest:
        found.append(Part("Rounding and extras of the price list", 0, None, rest))
    return found


def _is_lost(db: Database, call_id: str) -> bool:
    """Whether somebody took its process for dead; it may come back."""
    return bool(db.value("SELECT state FROM calls WHERE id = :id", {"id": call_id}) == "lost")


def _lose(db: Database, call_id: str, attempts: list[Attempt], code: str) -> None:
    sql = "SELECT provider_id, model, estimate_nano, started_at FROM calls WHERE id = :id"
    call = db.rows(sql, {"id": call_id})[0]
    guess = Attempt(call["provider_id"], call["model"], failure_code=code, started_at=call["started_at"])
    guess = msgspec.structs.replace(guess, cost_nano=call["estimate_nano"], cost_source="estimated")
    cost = _close(db, call_id, "lost", [*attempts, guess], code)
    _book_on_run(db, call_id, cost)


def _close(db: Database, call_id: str, state: str, attempts: list[Attempt], failure_code: str) -> int:
    for n, attempt in enumerate(attempts, 1):
        db.insert("attempts", {"id": ids.new(), "call_id": call_id, "n": n, **msgspec.structs.asdict(attempt)})
    now = clock.iso()
    cost = sum(a.cost_nano or 0 for a in attempts)
    unpriced = sum(a.cost_nano is None for a in attempts)
    estimate = db.value("SELECT estimate_nano FROM calls WHERE id = :id", {"id": call_id}) if unpriced else 0
    budgets.settle(db, call_id, cost + unpriced * estimate)
    sums = {f: sum(getattr(a, f) for a in attempts) for f in ("input_total", "cache_read", "output_total")}
    values: dict[str, Any] = {"state": state, "failure_code": failure_code, "day": now[:10], "finished_at": now}
    values["cost_nano"] = None if unpriced and not cost else cost
    db.update("calls", {"id": call_id}, **values, **sums, attempts=len(attempts))
    return cost


def _book_on_run(db: Database, call_id: str, cost: int) -> None:
    row = db.rows("SELECT run_id, task_id FROM calls WHERE id = :id", {"id": call_id})[0]
    params = {"cost": cost, **row}
    db.execute("UPDATE runs SET cost_nano = cost_nano + :cost WHERE id = :run_id", params)
    db.execute("UPDATE tasks SET cost_nano = cost_nano + :cost WHERE id = :task_id", params)
