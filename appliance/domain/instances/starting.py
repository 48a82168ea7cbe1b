"""Starting a workflow."""

from typing import Any

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.instances import advance, making, rows
from appliance.domain.instances.making import Made
from appliance.domain.instances.rows import Instance
from appliance.errors import invalid

IDEM_LIMIT = 255


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
    # In somebody else's transaction it is looked at after the commit: what is wrong with it is not theirs.
    alone = not db.in_transaction
    with db.transaction():
        found = making.find(db, slug, version)
        if idem and (earlier := rows.of_idem(db, found.workflow_id, idem)):
            return earlier
        given = making.inputs(found.outline.definition, inputs)
        made = making.make(db, found, given, Made(cause, actor.label, idem), title)
        making.tell(db, actor, made)
        if alone:
            advance.advance(db, made)
    return rows.by_id(db, made)
