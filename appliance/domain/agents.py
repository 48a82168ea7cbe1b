"""Agents: workers defined by instructions, a model, tools, a manager and a budget."""

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Duplicate, Row
from appliance.domain import agent_forms, budgets, events, quotas, records, reporting, revisions, route_rows
from appliance.domain.actor import Actor
from appliance.domain.agent_forms import AgentChange, NewAgent
from appliance.errors import Problem, invalid, not_found


class Agent(msgspec.Struct, frozen=True):
    """`status` (idle, busy, waiting, paused) is computed from open runs; `budget_nano_month` in nano-dollars."""

    id: str
    slug: str
    name: str
    title: str
    manager_id: str | None
    instructions: str
    model: str
    tools: list[str]
    runtime: str
    max_concurrency: int
    paused: bool
    revision: int
    created_at: str
    updated_at: str
    running: int = 0
    waiting: int = 0
    queued: int = 0
    budget_nano_month: int | None = None

    @property
    def status(self) -> str:
        if self.paused:
            return "paused"
        return "busy" if self.running else "waiting" if self.waiting else "idle"


_SELECT = """
SELECT a.*, b.limit_nano AS budget_nano_month,
  (SELECT COUNT(*) FROM runs r WHERE r.agent_id = a.id AND r.state = 'running') AS running,
  (SELECT COUNT(*) FROM runs r WHERE r.agent_id = a.id AND r.state = 'waiting') AS waiting,
  (SELECT COUNT(*) FROM runs r WHERE r.agent_id = a.id AND r.state = 'ready') AS queued
FROM agents a
LEFT JOIN budgets b ON b.scope = 'agent' AND b.scope_id = a.id AND b.span = 'month'
"""


def create(db: Database, actor: Actor, new: NewAgent, own: bool = False) -> Agent:
    """Raises Problem(invalid) with the fields at fault, Problem(duplicate) for a slug in use, Problem(quota).

    `own` is for the box's own agent, which counts on no plan.
    """
    actor.need("admin")
    agent_forms.check(new.slug, new.name, new.tools, new.runtime, new.max_concurrency)
    now = clock.iso()
    row: Row = {
        "id": ids.new(),
        "slug": new.slug,
        "name": new.name.strip(),
        "title": new.title.strip(),
        "manager_id": None,
        "instructions": new.instructions,
        "model": agent_forms.model_name(_route(db, new.route) or new.model),
        "tools": records.dump(new.tools),
        "runtime": new.runtime,
        "max_concurrency": new.max_concurrency,
        "paused": False,
        "revision": 1,
        "created_at": now,
        "updated_at": now,
    }
    with db.transaction():
        if not own:
            quotas.one_more_agent(db)
            quotas.room(db)
        row["manager_id"] = _manager(db, None, new.manager)
        try:
            db.insert("agents", row)
        except Duplicate as error:
            raise Problem("duplicate", f"There is an agent named {new.slug}. Choose another slug.") from error
        revisions.keep(db, actor, row)
        if new.budget_usd_month is not None:
            budgets.put(db, actor, "agent", row["id"], "month", budgets.nano(new.budget_usd_month, "budget_usd_month"))
        events.record(db, actor, "agent.created", agent_id=row["id"])
    return get(db, row["id"])


def get(db: Database, ref: str) -> Agent:
    """By id or slug. Raises Problem(not_found)."""
    row = db.one(
        _SELECT + "WHERE (a.id = :ref OR (a.slug = :ref AND a.hidden = FALSE)) AND a.deleted_at IS NULL", {"ref": ref}
    )
    if row is None:
        raise not_found("agent")
    return records.to(Agent, row, ("tools",))


def find(db: Database, ref: str) -> Row:
    """Id, revision and model of an agent named by id or slug, without counting its work. Raises Problem(not_found)."""
    sql = """SELECT id, revision, model FROM agents WHERE (id = :ref OR slug = :ref) AND deleted_at IS NULL
      AND hidden = FALSE"""
    row = db.one(sql, {"ref": ref})
    if row is None:
        raise not_found("agent")
    return row


def works_here(db: Database, agent_id: str) -> bool:
    """False for an agent that was removed."""
    return db.one("SELECT id FROM agents WHERE id = :id AND deleted_at IS NULL", {"id": agent_id}) is not None


def all(db: Database) -> list[Agent]:
    """Every agent that people see, managers before their reports, then by name."""
    rows = db.rows(
        _SELECT + "WHERE a.deleted_at IS NULL AND a.hidden = FALSE ORDER BY a.manager_id IS NOT NULL, a.name, a.id"
    )
    return [records.to(Agent, row, ("tools",)) for row in rows]


def open_work(db: Database) -> dict[str, int]:
    """Agent id → its tasks that are neither done nor cancelled."""
    sql = """SELECT agent_id, COUNT(*) AS n FROM tasks WHERE agent_id IS NOT NULL
      AND state IN ('backlog', 'todo', 'in_progress', 'in_review', 'blocked') GROUP BY agent_id"""
    return {row["agent_id"]: int(row["n"]) for row in db.rows(sql)}


def change(db: Database, actor: Actor, ref: str, change: AgentChange) -> Agent:
    """Make a new revision; runs that started keep theirs. Raises Problem(invalid) with the fields at fault."""
    actor.need("admin")
    given = {k: v for k, v in msgspec.structs.asdict(change).items() if v is not msgspec.UNSET}
    budget = given.pop("budget_usd_month", msgspec.UNSET)
    if name := _route(db, given.pop("route", "")):
        given["model"] = name
    with db.transaction():
        agent = get(db, ref)
        if "manager" in given:
            given["manager_id"] = _manager(db, agent.id, given.pop("manager"))
        after = {**msgspec.structs.asdict(agent), **given}
        agent_forms.check(agent.slug, after["name"], after["tools"], agent.runtime, after["max_concurrency"])
        values = {k: after[k] for k in revisions.FIELDS} | {
            "model": agent_forms.model_name(after["model"]),
            "tools": records.dump(after["tools"]),
        }
        values |= {"revision": agent.revision + 1, "updated_at": clock.iso()}
        db.update("agents", {"id": agent.id}, **values)
        revisions.keep(db, actor, {"id": agent.id, **values})
        if budget is not msgspec.UNSET:
            amount = None if budget is None else budgets.nano(budget, "budget_usd_month")
            budgets.put(db, actor, "agent", agent.id, "month", amount)
        events.record(db, actor, "agent.changed", agent_id=agent.id)
    return get(db, agent.id)


def set_paused(db: Database, actor: Actor, ref: str, paused: bool) -> Agent:
    """A paused agent's queued work stays queued; what runs now goes on to its end."""
    actor.need("operator")
    agent = get(db, ref)
    with db.transaction():
        db.update("agents", {"id": agent.id}, paused=paused, updated_at=clock.iso())
        events.record(db, actor, "agent.paused" if paused else "agent.resumed", agent_id=agent.id)
    return get(db, agent.id)


def delete(db: Database, actor: Actor, ref: str, reports_up: bool = False) -> None:
    """Raises Problem(conflict) while the agent has open work, or reports that do not move up to its own manager."""
    actor.need("admin")
    with db.transaction():
        agent = get(db, ref)
        sql = "SELECT COUNT(*) AS n FROM tasks WHERE agent_id = :id AND state NOT IN ('done', 'cancelled')"
        if open_tasks := db.value(sql, {"id": agent.id}):
            raise Problem("conflict", f"{agent.name} still has {open_tasks} open tasks. Reassign or cancel them first.")
        reports = db.rows("SELECT id FROM agents WHERE manager_id = :id AND deleted_at IS NULL", {"id": agent.id})
        if reports and not reports_up:
            raise Problem("conflict", f"{agent.name} has reports. Move them up, or give them another manager first.")
        for row in reports:
            change(db, actor, row["id"], AgentChange(manager=agent.manager_id))
        db.update("agents", {"id": agent.id}, deleted_at=clock.iso(), paused=True)
        events.record(db, actor, "agent.deleted", agent_id=agent.id)


def _manager(db: Database, agent_id: str | None, ref: str | None) -> str | None:
    """The manager's id. Raises Problem(invalid) when the tree would not be one. In the transaction that writes it."""
    manager_id = str(find(db, ref)["id"]) if ref else None
    reporting.check(db, agent_id, manager_id)
    return manager_id


def _route(db: Database, name: str) -> str:
    """Raises Problem(invalid) for the name of no route; "" is none at all."""
    if name and not any(route.name == name for route in route_rows.every(db)):
        raise invalid(route=f"there is no route {name}; make it first, or name a model")
    return name
