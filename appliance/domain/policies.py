"""Who may hand work to whom: down the tree, unless rules of an agent say otherwise.

The narrowest rule counts: one about the very agent, then reports (everybody below), peers (the same manager), anyone.
Without a rule an agent hands work to itself and down the tree. Asking its manager is always allowed (task.ask).
"""

from typing import NamedTuple

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import agents, events, records, reporting
from appliance.domain.actor import Actor
from appliance.errors import Problem, invalid

GROUPS = ("reports", "peers", "anyone")
VERDICTS = ("allow", "deny")
SHOWN = 20


class Edge(msgspec.Struct, frozen=True):
    """`target` is an agent's slug, reports, peers or anyone; `target_name` is for people."""

    target: str
    target_name: str
    verdict: str
    actor: str
    at: str


class NewEdge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    target: str
    verdict: str


class Colleague(NamedTuple):
    id: str
    slug: str
    name: str
    title: str


_EDGES = """
SELECT p.agent_id, COALESCE(a.slug, p.target) AS target, COALESCE(a.name, p.target) AS target_name, p.verdict,
  p.actor, p.at
FROM policy_edges p LEFT JOIN agents a ON a.id = p.target
WHERE p.agent_id = :id AND (a.id IS NULL OR a.deleted_at IS NULL) ORDER BY p.at, p.target
"""
_TEAM = (
    "SELECT id, slug, name, title, manager_id FROM agents WHERE deleted_at IS NULL AND hidden = FALSE ORDER BY name, id"
)


def of(db: Database, ref: str) -> list[Edge]:
    """The rules of an agent, oldest first."""
    return [records.to(Edge, row) for row in db.rows(_EDGES, {"id": agents.find(db, ref)["id"]})]


def put(db: Database, actor: Actor, ref: str, new: NewEdge) -> list[Edge]:
    """Set the rule about one target; all rules of the agent. Raises Problem(invalid) with the field at fault."""
    actor.need("admin")
    if new.verdict not in VERDICTS:
        raise invalid(verdict=f"use one of {', '.join(VERDICTS)}")
    with db.transaction():
        agent = agents.get(db, ref)
        target = _target(db, agent.id, new.target)
        row = {"agent_id": agent.id, "target": target, "verdict": new.verdict, "actor": actor.label, "at": clock.iso()}
        db.upsert("policy_edges", row, ("agent_id", "target"))
        events.record(db, actor, "agent.policy", agent_id=agent.id, target=target, verdict=new.verdict)
    return of(db, agent.id)


def remove(db: Database, actor: Actor, ref: str, target: str) -> list[Edge]:
    """Forget the rule about one target; all that are left."""
    actor.need("admin")
    with db.transaction():
        agent = agents.get(db, ref)
        known = _target(db, agent.id, target)
        db.delete("policy_edges", agent_id=agent.id, target=known)
        events.record(db, actor, "agent.policy", agent_id=agent.id, target=known, verdict="")
    return of(db, agent.id)


def may_hand_to(db: Database, agent_id: str) -> list[Colleague]:
    """Everybody to whom the agent may hand work, by name; itself is not among them."""
    rules = _rules(db, agent_id)
    team = {row["id"]: row for row in db.rows(_TEAM)}
    below = reporting.below(db, agent_id)
    manager = team[agent_id]["manager_id"] if agent_id in team else None
    found = []
    for row in team.values():
        groups = _groups(row["id"] in below, row["manager_id"] == manager)
        if row["id"] != agent_id and _allowed(rules, row["id"], groups):
            found.append(Colleague(row["id"], row["slug"], row["name"], row["title"]))
    return found


def check(db: Database, actor: Actor, agent_id: str) -> None:
    """Raises Problem(forbidden) that names whom an agent may hand work to; people and the engine may always.

    In the transaction that hands it over.
    """
    if actor.kind != "agent" or actor.id == agent_id:
        return
    allowed = may_hand_to(db, actor.id)
    if agent_id in [one.id for one in allowed]:
        return
    named = ", ".join(one.slug for one in allowed[:SHOWN])
    more = f" and {len(allowed) - SHOWN} others" if len(allowed) > SHOWN else ""
    rest = f"It may hand work to: {named}{more}." if allowed else "It may hand work to nobody but itself."
    to = db.value("SELECT slug FROM agents WHERE id = :id", {"id": agent_id})
    raise Problem("forbidden", f"{actor.name} may not hand work to {to}. {rest}")


def _rules(db: Database, agent_id: str) -> dict[str, str]:
    rows = db.rows("SELECT target, verdict FROM policy_edges WHERE agent_id = :id", {"id": agent_id})
    return {row["target"]: row["verdict"] for row in rows}


def _groups(below: bool, peer: bool) -> list[str]:
    """The groups an agent belongs to as seen from another, the narrowest first."""
    return [*(["reports"] if below else []), *(["peers"] if peer else []), "anyone"]


def _allowed(rules: dict[str, str], agent_id: str, groups: list[str]) -> bool:
    said = next((rules[target] for target in (agent_id, *groups) if target in rules), None)
    return said == "allow" if said else "reports" in groups


def _target(db: Database, agent_id: str, ref: str) -> str:
    if ref in GROUPS:
        return ref
    try:
        found = str(agents.find(db, ref)["id"])
    except Problem:
        raise invalid(target=f"there is no agent '{ref}'; name one, or {', '.join(GROUPS)}") from None
    if found == agent_id:
        raise invalid(target="an agent may always give work to itself")
    return found
