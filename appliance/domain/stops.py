"""The kill switch: what counts on a stopped tenant, key, account or model is not sent, and ends if it is under way."""

from collections.abc import Iterable

import msgspec

from appliance import clock
from appliance.db.database import Database
from appliance.domain import events, records, scope_names
from appliance.domain.actor import Actor
from appliance.domain.scopes import Scope
from appliance.errors import Problem, invalid

KINDS = ("tenant", "key", "provider", "model")
NAMES = {"tenant": "Everything", "key": "This key", "provider": "This account", "model": "This model"}
NOTE_LIMIT = 200


class Stop(msgspec.Struct, frozen=True):
    """`note` says why, in the words of whoever stopped it."""

    scope: str
    scope_id: str
    note: str
    stopped_by: str
    stopped_at: str

    @property
    def told(self) -> str:
        """What a refused caller is told."""
        why = f": {self.note}" if self.note else ""
        return f"{NAMES[self.scope]} was stopped by a person{why}. An administrator can let it go on."


class NewStop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`scope_id`: id of a key, name of an account, name of a model; nothing for the tenant."""

    scope: str = "tenant"
    scope_id: str = ""
    note: str = ""


class Stopped(Problem):
    """A call on something that a person has stopped; work of agents tries again later."""

    def __init__(self, stop: Stop) -> None:
        super().__init__("unavailable", stop.told)
        self.stop = stop


def put(db: Database, actor: Actor, new: NewStop) -> Stop:
    """Stop at once; stopping twice keeps the first. Raises Problem(invalid)."""
    actor.need("operator")
    actor.refuse_agent("stop calls")
    if new.scope not in KINDS:
        raise invalid(scope=f"use one of {', '.join(KINDS)}")
    where = {"scope": new.scope, "scope_id": scope_names.found(db, new.scope, new.scope_id.strip())}
    row = {**where, "note": new.note.strip()[:NOTE_LIMIT], "stopped_by": actor.name, "stopped_at": clock.iso()}
    with db.transaction():
        if not db.rows("SELECT scope FROM stops WHERE scope = :scope AND scope_id = :scope_id", where):
            db.insert("stops", row)
            events.record(db, actor, "stop.set", **where, note=row["note"])
    return next(stop for stop in all(db) if (stop.scope, stop.scope_id) == (where["scope"], where["scope_id"]))


def release(db: Database, actor: Actor, scope: str, scope_id: str) -> None:
    """Let it go on; what goes on already is no error."""
    actor.need("admin")
    with db.transaction():
        if db.delete("stops", scope=scope, scope_id=scope_id):
            events.record(db, actor, "stop.released", scope=scope, scope_id=scope_id)


def all(db: Database) -> list[Stop]:
    """Newest first."""
    return [records.to(Stop, row) for row in db.rows("SELECT * FROM stops ORDER BY stopped_at DESC, scope, scope_id")]


def first(stops: Iterable[Stop], scopes: Iterable[Scope]) -> Stop | None:
    """The stop that one of these scopes falls under."""
    counted = set(scopes)
    return next((stop for stop in stops if Scope(stop.scope, stop.scope_id) in counted), None)


def check(db: Database, scopes: Iterable[Scope]) -> None:
    """Raises Stopped."""
    if found := first(all(db), scopes):
        raise Stopped(found)
