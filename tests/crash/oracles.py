"""The oracles of ENGINE §9: judged outside the workers, from the databases and the outside world's own file."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from appliance.db.database import Database, Row
from appliance.db.tenants import Catalogue
from appliance.domain import budgets, chain, records
from tests.crash import plays, scene
from tests.crash.crowd import MODEL, Accepted
from tests.crash.outside import Outside

SHOWN = 5
_RUNS = "SELECT r.*, t.title, t.labels, t.parent_id FROM runs r JOIN tasks t ON t.id = r.task_id"


class Seen(NamedTuple):
    """One tenant as it lies on the disk, the outside's lines about its runs, and what was promised to its people."""

    db: Database
    accepted: list[Accepted]
    runs: list[Row]
    steps: list[Row]
    ledger: list[Row]
    approvals: list[Row]
    started: Counter[str]
    consumed: Counter[str]
    lines: list[dict[str, Any]]

    def acts(self) -> dict[str, list[str]]:
        """By run; a child's are known from its title."""
        by_task = {one.task: one.acts for one in self.accepted}
        return {r["id"]: by_task.get(r["task_id"], ["inside"]) for r in self.runs}


class Judgement(NamedTuple):
    """`faults` begin with the name of their oracle."""

    faults: list[str]
    runs: int
    lost: int
    duplicated: int
    redelivered: int

    @property
    def names(self) -> set[str]:
        return {fault.partition(" ")[0] for fault in self.faults}


def judge(catalogue: Catalogue, accepted: list[Accepted], outside: Outside) -> Judgement:
    faults: list[str] = []
    total = Counter[str]()
    lines = list(outside.lines())
    for tenant in scene.ids_of(catalogue):
        with catalogue.open(tenant) as db:
            seen = look(db, [one for one in accepted if one.tenant == tenant], lines)
            for oracle in ORACLES:
                faults += some(oracle.__name__.upper(), oracle(seen))
            total.update(_counts(seen))
    return Judgement(faults, total["runs"], total["lost"], total["duplicated"], total["redelivered"])


def look(db: Database, accepted: list[Accepted], lines: list[dict[str, Any]]) -> Seen:
    runs = db.rows(_RUNS)
    ours = {row["id"] for row in runs}
    started = Counter(row["run_id"] for row in db.rows("SELECT run_id FROM events WHERE kind = 'run.started'"))
    told = db.rows("SELECT data FROM events WHERE kind = 'approval.consumed'")
    return Seen(
        db,
        accepted,
        runs,
        db.rows("SELECT * FROM steps ORDER BY run_id, ord"),
        db.rows("SELECT * FROM crash_ledger"),
        db.rows("SELECT * FROM approvals"),
        started,
        Counter(row["data"] for row in told),
        [line for line in lines if line["run"] in ours],
    )


def some(name: str, faults: Iterable[str]) -> list[str]:
    found = [f"{name} {fault}" for fault in faults]
    return found[:SHOWN] + ([f"{name} and {len(found) - SHOWN} more"] if len(found) > SHOWN else [])


def o1(seen: Seen) -> Iterable[str]:
    """Every accepted submission has exactly one task with one run, ended well; and nothing else is there."""
    by_label = Counter(row["labels"] for row in seen.db.rows("SELECT labels FROM tasks"))
    attempts = Counter(row["task_id"] for row in seen.runs)
    for one in seen.accepted:
        if (count := by_label[records.dump([one.key])]) != 1:
            yield f"submission {one.key} {one.acts} has {count} tasks"
        if attempts[one.task] != 1:
            yield f"task {one.task} {one.acts} has {attempts[one.task]} runs"
    for row in seen.runs:
        if row["state"] != "succeeded":
            about = f"{row['state']} {row['reason']} {row['wait_key']} {row['failure_detail']}"
            yield f"run {row['id']} {seen.acts()[row['id']]} is {about}"


def o2(seen: Seen) -> Iterable[str]:
    """What is inside was done exactly once, by the very claim that recorded it."""
    rows = Counter((row["run_id"], row["key"]) for row in seen.ledger)
    yield from (f"{key} was booked {count} times" for key, count in rows.items() if count > 1)
    fences = {(s["run_id"], s["key"]): s["fence"] for s in seen.steps if s["state"] == "done"}
    for row in seen.ledger:
        if fences.get((row["run_id"], row["key"])) != row["fence"]:
            yield f"{row['run_id']} {row['key']} was booked under fence {row['fence']}, which recorded nothing"
    booked = Counter(run for run, _ in rows)
    for run, acts in seen.acts().items():
        if booked[run] != (wanted := sum(plays.ROWS.get(act, 0) for act in acts)):
            yield f"run {run} {acts} booked {booked[run]} instead of {wanted}"
    yield from _families(seen)
    yield from _comments(seen)


def _families(seen: Seen) -> Iterable[str]:
    born = Counter(row["title"] for row in seen.runs if row["title"].startswith("Child of "))
    for run, acts in seen.acts().items():
        if born[f"Child of {run}"] != plays.CHILDREN * acts.count("family"):
            yield f"run {run} has {born[f'Child of {run}']} children"


def _comments(seen: Seen) -> Iterable[str]:
    said = Counter(row["task_id"] for row in seen.db.rows("SELECT task_id FROM comments"))
    for one in seen.accepted:
        if said[one.task] != (one.acts == MODEL):
            yield f"task {one.task} {one.acts} has {said[one.task]} comments"


def o3(seen: Seen) -> Iterable[str]:
    """Outside: what must not be repeated was not, what may be has one key, and everything recorded happened."""
    raw = Counter((line["effect"], line["key"]) for line in seen.lines)
    for (effect, key), count in raw.items():
        if effect in ("once", "checkable") and count > 1:
            yield f"{effect} {key} happened {count} times"
    done: dict[str, Counter[str]] = defaultdict(Counter)
    for effect, key in raw:
        done[key.partition(":")[0]][effect] += 1
    for run, acts in seen.acts().items():
        wanted = Counter(plays.HAPPENINGS[act] for act in acts if act in plays.HAPPENINGS)
        for effect in ("idempotent", "keyed", "checkable"):
            if done[run][effect] != wanted[effect]:
                yield f"run {run} {acts}: {done[run][effect]} {effect} instead of {wanted[effect]}"


def o4(seen: Seen) -> Iterable[str]:
    """Each claim has a fence of its own, one higher than the last; steps were recorded in that order."""
    for row in seen.runs:
        if row["fence"] != seen.started[row["id"]]:
            yield f"run {row['id']} was claimed {seen.started[row['id']]} times and its fence is {row['fence']}"
    last: dict[str, int] = {}
    for step in seen.steps:
        if step["fence"] < last.get(step["run_id"], 0):
            yield f"step {step['run_id']} {step['key']} has fence {step['fence']} after {last[step['run_id']]}"
        last[step["run_id"]] = step["fence"]


def o5(seen: Seen) -> Iterable[str]:
    """Nothing that needs a person without exactly that person's word, and each word is used once."""
    yield from (f"{data} was consumed {count} times" for data, count in seen.consumed.items() if count > 1)
    used = {(a["run_id"], a["digest"]) for a in seen.approvals if a["state"] == "consumed"}
    happened = {(line["run"], line["digest"]) for line in seen.lines if line["effect"] == "once"}
    yield from (f"{run} did what nobody approved: {digest}" for run, digest in happened - used)
    carried = {step["approval_id"] for step in seen.steps}
    for one in seen.approvals:
        if one["kind"] != "action":
            continue
        if one["verdict"] == "approve" and (one["run_id"], one["digest"]) not in happened:
            yield f"{one['id']} was approved ({one['state']}) and never done"
        if one["state"] == "consumed" and one["id"] not in carried:
            yield f"{one['id']} is used up and no step has it"


def o6(seen: Seen) -> Iterable[str]:
    """Money: nothing held for the dead, every cost booked once, never more than the cap and one call beside it."""
    db = seen.db
    if held := db.value("SELECT COUNT(*) AS n FROM reservations"):
        yield f"{held} reservations are left"
    sums = {
        "calls": "SELECT COALESCE(SUM(cost_nano), 0) AS n FROM calls",
        "runs": "SELECT COALESCE(SUM(cost_nano), 0) AS n FROM runs",
        "steps": "SELECT COALESCE(SUM(cost_nano), 0) AS n FROM calls WHERE state <> 'open'",
    }
    cap = budgets.of(db, "tenant")[0]
    found = {name: int(db.value(sql)) for name, sql in sums.items()} | {"budget": cap.spent_nano}
    if len(set(found.values())) > 1:
        yield f"the books differ: {found}"
    most = int(db.value("SELECT COALESCE(MAX(estimate_nano), 0) AS n FROM calls"))
    if cap.spent_nano > cap.limit_nano + most:
        yield f"{cap.spent_nano} spent of {cap.limit_nano}"


def o7(seen: Seen) -> Iterable[str]:
    """The event log has no gap and no double, and each line follows the one before it."""
    numbers = [row["seq"] for row in seen.db.rows("SELECT seq FROM events ORDER BY seq")]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"{len(numbers)} events end with number {numbers[-1]}"
    if fault := chain.verify(seen.db).fault:
        yield fault


def o8(seen: Seen) -> Iterable[str]:
    """The database itself is sound, to the last page."""
    if (found := seen.db.integrity()) != "ok":
        yield found
    if seen.db.for_update:
        return
    pages = [row["integrity_check"] for row in seen.db.rows("PRAGMA integrity_check")]
    yield from (page for page in pages if page != "ok")


ORACLES: tuple[Callable[[Seen], Iterable[str]], ...] = (o1, o2, o3, o4, o5, o6, o7, o8)


def _counts(seen: Seen) -> Counter[str]:
    tasks = {row["task_id"] for row in seen.runs if row["state"] == "succeeded"}
    raw = Counter((line["effect"], line["key"]) for line in seen.lines)
    again = sum(count - 1 for (effect, _), count in raw.items() if effect in ("keyed", "idempotent"))
    twice = sum(count - 1 for (effect, _), count in raw.items() if effect in ("once", "checkable"))
    twice += len(seen.ledger) - len({(row["run_id"], row["key"]) for row in seen.ledger})
    lost = sum(one.task not in tasks for one in seen.accepted)
    return Counter(runs=len(seen.runs), lost=lost, duplicated=twice, redelivered=again)
