"""Taking over a template, and trying it with the inputs that come with it."""

import msgspec

from appliance.db.database import Database
from appliance.domain.actor import Actor
from appliance.domain.instances import starting
from appliance.domain.instances.rows import Instance
from appliance.domain.workflows import templates
from appliance.domain.workflows.library import Applied


class Used(msgspec.Struct, frozen=True):
    applied: Applied
    instance: Instance | None = None


def use(db: Database, actor: Actor, slug: str, *, run: bool = False) -> Used:
    """Apply the template, and with `run` start it with its sample, both or neither.

    Raises what templates.apply raises, and Problem(invalid) when the tenant's own version takes other inputs.
    """
    with db.transaction():
        applied = templates.apply(db, actor, slug)
        if not run:
            return Used(applied)
        return Used(applied, starting.start(db, actor, slug, templates.get(slug).sample))
