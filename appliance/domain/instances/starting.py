"""Starting a workflow."""

from functools import partial
from typing import Any, NamedTuple

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.instances import advance, making, rows
from appliance.domain.instances.making import Found, Made
from appliance.domain.instances.rows import Instance
from appliance.errors import invalid

IDEM_LIMIT = 255


class New(NamedTuple):
    """`alone` when its first steps start in the same transaction."""

    found: Found
    given: dict[str, Any]
    about: Made
    actor: Actor
    title: str
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
    new = New(found, given, Made(cause, actor.label, idem), actor, title, alone=not db.in_transaction)
    return rows.by_id(db, db.grouped("instances.start", partial(_start_all, db), new))


def _start_all(db: Database, wanted: list[New]) -> list[str]:
    made = [_start(db, new) for new in wanted]
    if alone := [instance_id for new, instance_id in zip(wanted, made, strict=True) if new.alone]:
        advance.advance(db, *alone)
    return made


def _start(db: Database, new: New) -> str:
    if new.about.idem and (earlier := rows.of_idem(db, new.found.workflow_id, new.about.idem)):
        return earlier.id
    made = making.make(db, new.found, new.given, new.about, new.title)
    making.tell(db, new.actor, made)
    return made
