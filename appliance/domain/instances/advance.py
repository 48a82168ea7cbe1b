"""Moving instances on: read what has landed, decide what follows, write it. Driven by rows alone.

Any process may do it, in any order, after any crash: a mark is committed with what it tells of, and taken away with
what followed from it. Instances that have moved at the same time are read together and written together.
"""

from appliance import clock
from appliance.db.database import Database, Params, Row
from appliance.domain import records
from appliance.domain.instances import blocks, ending, landing, paths, rows, stumbling, writing
from appliance.domain.instances.kinds import LANDED
from appliance.domain.instances.paths import Outline
from appliance.domain.instances.stumbling import Stumbled
from appliance.domain.instances.walk import Walk

MOST = 50
# Nobody else writes while workflows are looked at.
LONGEST_S = 0.25
# The tenants in which a look at several has not gone well.
_tripped: set[str] = set()
_TAKE = "UPDATE instances SET moved = FALSE WHERE {which} AND moved RETURNING id, updated_at"
_MOVED = "id IN (SELECT id FROM instances WHERE moved ORDER BY updated_at, id LIMIT :most)"


def moved(db: Database, most: int = MOST) -> int:
    """Look at the instances that something has moved, those too that this moves; how many. In a transaction.

    Raises Stumbled for one over which the program trips; the transaction is void then.
    """
    looked, until = 0, clock.monotonic() + LONGEST_S
    while looked < most and clock.monotonic() < until and (found := _taken(db, _MOVED, {"most": most - looked})):
        db.known.pop(landing.MOVED, None)
        _each(db, found)
        looked += len(found)
        if landing.MOVED not in db.known:
            break
    return looked


def advance(db: Database, *instance_ids: str) -> None:
    """Look at those that have moved. In a transaction; a paused one is left for when it goes on."""
    names, params = records.named(list(instance_ids))
    taken = set(_taken(db, f"id IN ({names})", params))
    try:
        _look_at(db, [instance_id for instance_id in instance_ids if instance_id in taken])
    except Stumbled as stumbled:
        raise stumbled.__cause__ or stumbled from None


def _taken(db: Database, which: str, params: Params) -> list[str]:
    """Those of them that have moved, the longest ago first: their marks are gone with what is done about them."""
    found = db.rows(_TAKE.format(which=which), params)
    return [row["id"] for row in sorted(found, key=lambda row: (row["updated_at"], row["id"]))]


def _look_at(db: Database, left: list[str]) -> None:
    while left:
        left = _together(db, left)


def _each(db: Database, instance_ids: list[str]) -> None:
    """Together, or when that failed the last time, each by itself: then it is known over which one it is."""
    if len(instance_ids) > 1 and db.name not in _tripped:
        _tripped.add(db.name)
        _look_at(db, instance_ids)
    else:
        for instance_id in instance_ids:
            with stumbling.named(instance_id):
                _look_at(db, [instance_id])
    _tripped.discard(db.name)


def _together(db: Database, instance_ids: list[str]) -> list[str]:
    """Look at them in this order, as far as none does more than write its own rows; those that are left.

    What one ends outside of itself the next has to read, so it is written before that.
    """
    found, landed = rows.read(db, instance_ids), _landed(db, instance_ids)
    walks, outlines, agents = [], dict[tuple[str, int], Outline](), dict[str, Row]()
    for instance_id in instance_ids:
        with stumbling.named(instance_id):
            instance = rows.instance(found[instance_id])
        if instance.open and (instance.state != "paused" or instance.task_state == "cancelled"):
            which = (instance.workflow_id, instance.version)
            outlines[which] = outlines.get(which) or rows.outline(db, *which, found[instance_id]["digest"])
            walks.append(Walk(db, instance, outlines[which], agents))
    if len(walks) > 1:
        _foresee(db, walks, landed)
    calm: list[Walk] = []
    for n, walk in enumerate(walks, 1):
        with stumbling.named(walk.instance.id):
            _decide(walk, landed.get(walk.instance.id, []))
        if not walk.calm:
            writing.write(db, calm)
            with stumbling.named(walk.instance.id):
                writing.write(db, [walk])
            return [later.instance.id for later in walks[n:]]
        calm.append(walk)
    writing.write(db, calm)
    return []


def _landed(db: Database, instance_ids: list[str]) -> dict[str, list[Row]]:
    """By instance."""
    names, params = records.named(instance_ids)
    found: dict[str, list[Row]] = {}
    for row in db.rows(LANDED.format(names=names), params):
        found.setdefault(row["instance_id"], []).append(row)
    return found


def _foresee(db: Database, walks: list[Walk], landed: dict[str, list[Row]]) -> None:
    """The states of the blocks that each will look at first, in one statement."""
    wanted = {walk.instance.id: {row["scope"] for row in landed.get(walk.instance.id, [])} or {""} for walk in walks}
    for walk in walks:
        walk.states = {scope: {} for scope in wanted[walk.instance.id]}
    pairs = [(instance_id, scope) for instance_id, scopes in wanted.items() for scope in scopes]
    params = {f"id{n}": instance_id for n, (instance_id, _) in enumerate(pairs)}
    params |= {f"scope{n}": scope for n, (_, scope) in enumerate(pairs)}
    values = ", ".join(f"(CAST(:id{n} AS TEXT), CAST(:scope{n} AS TEXT))" for n in range(len(pairs)))
    sql = f"""SELECT instance_id, scope, step_id, state FROM nodes WHERE (instance_id, scope) IN (VALUES {values})
      ORDER BY instance_id, ord"""
    states = {walk.instance.id: walk.states for walk in walks}
    for row in db.rows(sql, params):
        states[row["instance_id"]][row["scope"]][row["step_id"]] = row["state"]


def _decide(walk: Walk, landed: list[Row]) -> None:
    if walk.instance.task_state == "cancelled":
        return ending.cancel(walk)
    for row in landed:
        walk.keep(row)
    walk.read({row["scope"] for row in landed})
    for row in landed:
        blocks.land(walk, row)
    if not landed or any(row["kind"] in ("map", "when") for row in landed):
        walk.look(paths.UNDO if walk.state == "undoing" else "")
    _go_on(walk)
    due = walk.instance.due_at
    if walk.state == "running" and due and due <= clock.iso():
        ending.fail(walk, "timeout", "The workflow took longer than its time limit.", "")
        _go_on(walk)


def _go_on(walk: Walk) -> None:
    while walk.ahead and "finished_at" not in walk.news:
        scope = next(iter(walk.ahead))
        del walk.ahead[scope]
        blocks.look(walk, scope)
