"""Whom an agent may hand work to, over HTTP."""

from typing import Any

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.params import FromPath

from appliance.db.database import Database
from appliance.domain import agents, org, policies
from appliance.domain.actor import Actor
from appliance.domain.policies import NewEdge
from appliance.web import agents as agents_web

Ref = FromPath[str]
ADMIN = {"role": "admin"}


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """allow or deny"""

    verdict: str


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A manager's slug, or null to report to nobody."""

    manager: str | None


class PoliciesApi(Controller):
    path = "/agents/{ref:str}"
    tags = ["agents"]

    @get("/policy", sync_to_thread=True, summary="Its rules, and to whom it may hand work by them")
    def show(self, db: Database, ref: Ref) -> dict[str, Any]:
        return _shape(db, ref)

    @put("/policy/{target:str}", sync_to_thread=True, opt=ADMIN, summary="Allow or deny handing work to a target")
    def put(self, db: Database, actor: Actor, ref: Ref, target: FromPath[str], data: Verdict) -> dict[str, Any]:
        """`target` is an agent's slug, reports, peers or anyone; the narrowest rule counts."""
        policies.put(db, actor, ref, NewEdge(target, data.verdict))
        return _shape(db, ref)

    @delete("/policy/{target:str}", sync_to_thread=True, opt=ADMIN, summary="Forget a rule")
    def remove(self, db: Database, actor: Actor, ref: Ref, target: FromPath[str]) -> None:
        policies.remove(db, actor, ref, target)

    @post("/move", status_code=200, sync_to_thread=True, opt=ADMIN, summary="Give it another manager")
    def move(self, db: Database, actor: Actor, ref: Ref, data: Move) -> dict[str, Any]:
        """Everybody below comes along; a manager below the agent itself is refused."""
        return agents_web.shape(org.move(db, actor, ref, data.manager))


def _shape(db: Database, ref: str) -> dict[str, Any]:
    allowed = policies.may_hand_to(db, agents.get(db, ref).id)
    told = [{"slug": one.slug, "name": one.name, "title": one.title} for one in allowed]
    return {"items": policies.of(db, ref), "may_hand_to": told, "next_cursor": None}
