"""Routes: a name that agents and tools use like a model, and that stands for several models in order."""

from collections.abc import Callable

import msgspec

from appliance import clock, ids
from appliance.db.database import Database, Duplicate, Row
from appliance.domain import (
    events,
    providers,
    records,
    route_book,
    route_decisions,
    route_forms,
    route_rows,
    route_version,
)
from appliance.domain.actor import Actor
from appliance.domain.route_decisions import keep as keep
from appliance.domain.route_decisions import keep_all as keep_all
from appliance.domain.route_decisions import moved as moved
from appliance.domain.route_forms import NewRoute, NewTarget, RouteChange
from appliance.domain.route_health import bring_back as bring_back
from appliance.domain.route_health import record_outcome as record_outcome
from appliance.domain.route_health import take_out as take_out
from appliance.domain.route_plans import look as look
from appliance.domain.route_plans import plan as plan
from appliance.domain.route_rows import Route as Route
from appliance.domain.route_shapes import Candidate as Candidate
from appliance.domain.route_shapes import Plan as Plan
from appliance.domain.route_shapes import Want as Want
from appliance.domain.route_steps import next_after as next_after
from appliance.errors import Problem, invalid, not_found

book = route_book.read
decision = route_decisions.of_call


def create(db: Database, actor: Actor, new: NewRoute) -> Route:
    """Raises Problem(invalid) with the fields at fault, Problem(duplicate) for a name in use."""
    actor.need("admin")
    route_forms.check(new.name.strip(), new.strategy, new.targets)
    now, route_id = clock.iso(), ids.new()
    row: Row = {"id": route_id, "name": new.name.strip(), "strategy": new.strategy, "sticky": new.sticky}
    with db.transaction():
        route_version.changed(db)
        _named(lambda: db.insert("routes", row | {"created_at": now, "updated_at": now}), row["name"])
        _aim(db, route_id, new.targets)
        events.record(db, actor, "route.added", route_id=route_id)
    return get(db, route_id)


def change(db: Database, actor: Actor, ref: str, change: RouteChange) -> Route:
    actor.need("admin")
    given = {name: value for name, value in _given(change).items() if name != "targets"}
    with db.transaction():
        route_version.changed(db)
        route = get(db, ref)
        targets = _targets(route) if change.targets is msgspec.UNSET else change.targets
        route_forms.check(given.get("name", route.name), given.get("strategy", route.strategy), targets)
        _named(lambda: db.update("routes", {"id": route.id}, updated_at=clock.iso(), **given), given.get("name", ""))
        if change.targets is not msgspec.UNSET:
            _aim(db, route.id, targets)
        events.record(db, actor, "route.changed", route_id=route.id)
    return get(db, route.id)


def put(db: Database, actor: Actor, new: NewRoute) -> Route:
    """Make it, or make the one of this name as said."""
    if not any(route.name == new.name.strip() for route in every(db)):
        return create(db, actor, new)
    return change(
        db, actor, new.name.strip(), RouteChange(targets=new.targets, strategy=new.strategy, sticky=new.sticky)
    )


def remove(db: Database, actor: Actor, ref: str) -> None:
    """Agents and tools that name it will hear that no account serves it."""
    actor.need("admin")
    with db.transaction():
        route_version.changed(db)
        route = get(db, ref)
        db.delete("route_targets", route_id=route.id)
        db.delete("routes", id=route.id)
        events.record(db, actor, "route.removed", route_id=route.id, name=route.name)


def get(db: Database, ref: str) -> Route:
    """By id or name. Raises Problem(not_found)."""
    found = next((route for route in every(db) if ref in (route.id, route.name)), None)
    if found is None:
        raise not_found("route")
    return found


def every(db: Database) -> list[Route]:
    return route_rows.every(db)


def _aim(db: Database, route_id: str, targets: list[NewTarget]) -> None:
    db.delete("route_targets", route_id=route_id)
    for ord_, target in enumerate(targets):
        try:
            account = providers.get(db, target.account)
        except Problem as problem:
            raise invalid(targets=f"there is no account {target.account}") from problem
        row: Row = {"route_id": route_id, "ord": ord_, "provider_id": account.id, "model": target.model.strip()}
        kinds = [kind.strip() for kind in target.task_kinds if kind.strip()]
        db.insert("route_targets", row | {"weight": target.weight, "task_kinds": records.dump(kinds)})


def _targets(route: Route) -> list[NewTarget]:
    return [NewTarget(t.provider_id, t.model, t.weight, t.task_kinds) for t in route.targets]


def _given(change: RouteChange) -> Row:
    given = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not msgspec.UNSET}
    return given | ({"name": given["name"].strip()} if "name" in given else {})


def _named(write: Callable[[], object], name: str) -> None:
    try:
        write()
    except Duplicate as error:
        raise Problem("duplicate", f"There is a route named {name}. Choose another name.") from error
