"""Many new tasks at once, as tasks.create makes one: a few statements, whatever their number."""

from typing import NamedTuple

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Row
from appliance.domain import check_forms, events, queueing, records, task_forms, tasks, wake_rows
from appliance.domain.actor import Actor
from appliance.domain.events import Line
from appliance.domain.task_forms import NewTask

REASON = "started"


class Draft(NamedTuple):
    """A task that stands alone, and who makes it."""

    actor: Actor
    new: NewTask


class _Piece(NamedTuple):
    actor: Actor
    row: Row
    new: NewTask


def is_plain(new: NewTask) -> bool:
    """Whether nothing has to be asked about other tasks, money or agents before it is made."""
    stands_alone = new.parent_id is None and not new.blockers and new.budget_usd is None and new.start is None
    return stands_alone and all(check.kind != "reviewer_agent" for check in new.checks)


def make(db: Database, drafts: list[Draft]) -> list[str]:
    """The ids of the plain tasks, made in the open transaction; those of agents are queued.

    Raises what tasks.create raises for any one of them. No agent may be among their makers.
    """
    now, known = clock.iso(), {ref: tasks.assignee(db, ref) for ref in {draft.new.assignee for draft in drafts}}
    first = db.next_number("task", len(drafts)) - len(drafts) + 1
    made = []
    for n, (actor, new) in enumerate(drafts):
        actor.need("operator")
        task_forms.check_new(new)
        agent_id, member_id = known[new.assignee]
        row: Row = {"id": ids.new(), "number": first + n, "title": new.title.strip(), "body": new.body}
        row |= {"state": "todo" if new.assignee else "backlog", "priority": new.priority, "due_at": new.due_at}
        row |= {"labels": records.dump(task_forms.clean_labels(new.labels)), "time_limit_s": new.time_limit_s}
        row |= {"agent_id": agent_id, "member_id": member_id, "created_by": actor.label}
        row |= {"run_id": ids.new() if agent_id else None, "created_at": now, "updated_at": now}
        made.append(_Piece(actor, row, new))
    db.insert_all("tasks", [piece.row for piece in made])
    db.insert_all("checks", [row for piece in made for row in _checks(piece)])
    _start(db, made, now)
    return [piece.row["id"] for piece in made]


def _checks(piece: _Piece) -> list[Row]:
    rows: list[Row] = []
    for n, check in enumerate(piece.new.checks, 1):
        check_forms.validate(n, check)
        row: Row = {"id": ids.new(), "task_id": piece.row["id"], "ord": n, "kind": check.kind, "state": "open"}
        rows.append(row | {"spec": records.dump(check.spec)})
    return rows


def _start(db: Database, made: list[_Piece], now: str) -> None:
    """The events of each, in the order of one that is made alone; and the runs of those that have an agent."""
    kept = {agent_id: queueing.agent(db, agent_id) for agent_id in {piece.row["agent_id"] for piece in made} - {None}}
    lines, runs, wakes = list[Line](), list[Row](), list[Row]()
    first = events.following(db)
    for actor, row, _ in made:
        about = {"task_id": row["id"], "agent_id": row["agent_id"]}
        event = first + len(lines)
        lines.append(Line(actor, "task.created", about))
        if run_id := row["run_id"]:
            run: Row = about | {"id": run_id, "priority": row["priority"], "attempt": 1, "state": "ready"}
            run |= {"ready_at": now, "created_at": now, "cause": REASON, "lane": "background", "chain": run_id}
            runs.append(run | {"depth": 0, "cause_event": event} | kept[row["agent_id"]])
            found = wake_rows.draft(row["agent_id"], row["id"], REASON, event, "")
            found = msgspec.structs.replace(found, state="run", chain=run_id, run_id=run_id, settled_at=now)
            wakes.append(msgspec.structs.asdict(found) | {"causes": records.dump(found.causes)})
            lines.append(Line(actor, "run.queued", about | {"run_id": run_id}))
    events.record_each(db, lines)
    db.insert_all("runs", runs)
    db.insert_all("wakes", wakes)
