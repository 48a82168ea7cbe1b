"""Starting a workflow."""

from functools import partial
from typing import Any, NamedTuple

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.instances import advance, making, rows
from appliance.domain.instances.making import Made, Wanted
from appliance.domain.instances.rows import Instance
from appliance.errors import invalid

IDEM_LIMIT = 255


class New(NamedTuple):
    """`alone` when its first steps start in the same transaction."""

    wanted: Wanted
    actor: Actor
    alone: bool


def start(
    db: Database,
    actor: Actor,
    slug: str,
    inputs: dict[str, Any],
    *,
    version: int | None = None,
    idem: str = "",
    cause: str = "started",
    title: str = "",
) -> Instance:
    """An instance of the workflow, at its newest version unless one is named; its first steps are queued with it.

    In an open transaction they are queued as soon as it is committed.

    The same `idem` again gives the instance it gave first. Raises Problem(not_found), and Problem(invalid) with the
    inputs at fault as inputs.<name>.
    """
    actor.need("operator")
    if len(idem) > IDEM_LIMIT:
        raise invalid(idem=f"take at most {IDEM_LIMIT} characters")
    found = making.find(db, slug, version)
    given = making.inputs(found.outline.definition, inputs)
    # In somebody else's transaction it is looked at after the commit: what is wrong with it is not theirs.
    new = New(Wanted(found, given, Made(cause, actor.label, idem), title), actor, alone=not db.in_transaction)
    return rows.by_id(db, db.grouped("instances.start", partial(_start_all, db), new))


def _start_all(db: Database, asked: list[New]) -> list[str]:
    """Their ids; of one that came before, or twice among these, that of the first."""
    keys = [_key(new.wanted, n) for n, new in enumerate(asked)]
    known = {key: found.id for key in keys if key[1] and (found := rows.of_idem(db, *key[:2]))}
    fresh: dict[tuple[str, str, int], New] = {}
    for key, new in zip(keys, asked, strict=True):
        if key not in known:
            fresh.setdefault(key, new)
    made = making.make_all(db, [new.wanted for new in fresh.values()])
    for new, begun in zip(fresh.values(), made, strict=True):
        making.tell(db, new.actor, begun)
    if alone := [begun.id for new, begun in zip(fresh.values(), made, strict=True) if new.alone]:
        advance.advance(db, *alone)
    known |= {key: begun.id for key, begun in zip(fresh, made, strict=True)}
    return [known[key] for key in keys]


def _key(wanted: Wanted, place: int) -> tuple[str, str, int]:
    """What has one instance: the workflow and what the caller calls it, or else the call itself."""
    idem = wanted.about.idem
    return wanted.found.workflow_id, idem, 0 if idem else place
