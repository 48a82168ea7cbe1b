"""Claims: how a worker gets runs, proves that they are its own, and gives them back."""

from typing import Any

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import candidates, events, quotas, records, runs
from appliance.domain.actor import SYSTEM
from appliance.domain.run_codes import CODES
from appliance.domain.runs import FenceLost, Run
from appliance.errors import not_found

MAX_WITHOUT_PROGRESS = 5
_READY = """SELECT CASE WHEN EXISTS (SELECT 1 FROM runs WHERE state = 'ready' AND ready_at <= :now)
  OR EXISTS (SELECT 1 FROM instances WHERE moved) THEN 1 ELSE 0 END AS ready"""


def claim(
    db: Database,
    owner: str,
    lease_seconds: float,
    most: int = 1,
    quick: frozenset[str] = frozenset(),
    interactive: bool = False,
) -> list[Run]:
    """Take the next runs that may start: highest priority, then oldest, within every limit on runs at the same time.

    One run, and after it up to `most` in all while their agents' runtimes are `quick`: a run that may take long is
    never held back behind another. Each gets a lease of `lease_seconds` and a fence one higher than any before.
    `interactive` takes only what a person waits for. Runs with nothing left to do end here, before any call.
    """
    with db.transaction():
        chosen = _chosen(db, most, quick, interactive)
        return _take(db, owner, lease_seconds, chosen) if chosen else []


def _chosen(db: Database, most: int, quick: frozenset[str], interactive: bool) -> list[Row]:
    if quotas.full(db):
        return []
    while rows := candidates.find(db, 1, interactive):
        if rows[0]["runtime"] in quick and most > 1:
            rows = candidates.find(db, most, interactive)
        over = {row["id"]: said for row in rows if (said := candidates.pointless(row))}
        for run_id, said in over.items():
            runs.skip(db, runs.get(db, run_id), said)
        if left := [row for row in rows if row["id"] not in over]:
            return candidates.within_limits(left, quick, db.bounds.running)
    return []


def _take(db: Database, owner: str, lease_seconds: float, chosen: list[Row]) -> list[Run]:
    now = clock.iso()
    names, params = records.named([row["id"] for row in chosen])
    taken = db.rows(
        f"""UPDATE runs SET state = 'running', reason = '', wait_key = '', lease_owner = :owner, lease_until = :until,
          fence = fence + 1, claims_without_progress = claims_without_progress + 1,
          started_at = COALESCE(started_at, :now) WHERE id IN ({names}) RETURNING *""",
        params | {"owner": owner, "until": db.lease_time(lease_seconds), "now": now},
    )
    by_id = {row["id"]: row for row in taken}
    found = [records.to(Run, by_id[row["id"]] | {"runtime": row["runtime"]}) for row in chosen if row["id"] in by_id]
    names, params = records.named([run.task_id for run in found])
    db.execute(
        f"""UPDATE tasks SET state = 'in_progress', blocked_reason = '', blocked_detail = '', updated_at = :now,
          started_at = COALESCE(started_at, :now) WHERE id IN ({names}) AND state <> 'in_progress'""",
        params | {"now": now},
    )
    for row in chosen:
        if row["time_limit_s"] and not row["deadline_at"]:
            db.update("runs", {"id": row["id"]}, deadline_at=clock.ahead(row["time_limit_s"]))
    events.record_all(db, SYSTEM, "run.started", [run.ids for run in found], owner=owner)
    return found


def hold(db: Database, run: Run, lease_seconds: float, progress: bool = False) -> bool:
    """Prove inside a transaction that this worker still has the run, and extend the lease; was a stop asked for?

    Raises FenceLost when another worker has it.
    """
    sets = ", claims_without_progress = 0" if progress else ""
    row = db.one(
        f"UPDATE runs SET lease_until = :until{sets} "
        "WHERE id = :id AND fence = :fence AND state = 'running' RETURNING cancel_requested",
        {"until": db.lease_time(lease_seconds), "id": run.id, "fence": run.fence},
    )
    if row is None:
        raise FenceLost(run.id)
    return bool(row["cancel_requested"])


def book(db: Database, run: Run, lease_seconds: float, cost_nano: int) -> bool:
    """Add money to the run and its task in the open transaction, whoever holds the run; does this worker still?

    Then the lease is extended too, and what was paid for counts as progress.
    """
    mine = "CASE WHEN fence = :fence AND state = 'running' THEN {mine} ELSE {other} END"
    row = db.one(
        f"""UPDATE runs SET cost_nano = cost_nano + :cost,
          lease_until = {mine.format(mine=":until", other="lease_until")},
          claims_without_progress = {mine.format(mine="0", other="claims_without_progress")}
          WHERE id = :id RETURNING fence, state""",
        {"cost": cost_nano, "until": db.lease_time(lease_seconds), "id": run.id, "fence": run.fence},
    )
    if cost_nano:
        params = {"cost": cost_nano, "id": run.task_id}
        db.execute("UPDATE tasks SET cost_nano = cost_nano + :cost WHERE id = :id", params)
    return row is not None and (row["fence"], row["state"]) == (run.fence, "running")


def held(db: Database, run: Run) -> tuple[bool, bool]:
    """Whether this worker still has the run, and whether a stop was asked for; nothing is extended."""
    row = db.one("SELECT fence, state, cancel_requested FROM runs WHERE id = :id", {"id": run.id})
    if row is None:
        raise not_found("run")
    return (row["fence"], row["state"]) == (run.fence, "running"), bool(row["cancel_requested"])


def owners(db: Database) -> set[str]:
    """The processes that hold runs."""
    return {row["lease_owner"] for row in db.rows("SELECT DISTINCT lease_owner FROM runs WHERE state = 'running'")}


def has_ready(db: Database) -> bool:
    """Whether there is anything to do now: a run to claim, or a workflow to move on."""
    return bool(db.value(_READY, {"now": clock.iso()}))


def give_back(db: Database, run: Run) -> None:
    """The worker stops with the run half done: another goes on after its last step."""
    release(db, "id = :id AND fence = :fence", {"id": run.id, "fence": run.fence}, "stopped")


def release_expired(db: Database) -> int:
    """Take runs back from workers that went silent."""
    now = db.lease_time()
    if db.one("SELECT id FROM runs WHERE state = 'running' AND lease_until < :now LIMIT 1", {"now": now}) is None:
        return 0
    return release(db, "lease_until < :now", {"now": now})


def release(db: Database, where: str, params: dict[str, Any], why: str = "lost") -> int:
    """Void leases: crashed or expired runs become claimable again, or parked after five claims without progress.

    `why` is lost (the worker went silent) or stopped (it gave the run back, which is no death and does not count).
    """
    with db.transaction():
        rows = db.rows(f"SELECT * FROM runs WHERE state = 'running' AND {where}", params)
        for row in rows:
            _release_one(db, records.to(Run, row), why)
    return len(rows)


def _release_one(db: Database, run: Run, why: str) -> None:
    if run.cancel_requested:
        runs.stop_now(db, SYSTEM, run)
        return
    deaths = run.claims_without_progress - (why == "stopped")
    if deaths >= MAX_WITHOUT_PROGRESS:
        runs.park(db, run, "poison", CODES["poison"].sentence)
        return
    back = {"state": "ready", "lease_until": None, "ready_at": clock.iso(), "claims_without_progress": max(0, deaths)}
    if db.update("runs", _held(run), **back):
        events.record(db, SYSTEM, "run.released", **run.ids, why=why)


def _held(run: Run) -> Row:
    return {"id": run.id, "fence": run.fence, "state": "running"}
