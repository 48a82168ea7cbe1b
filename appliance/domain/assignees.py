"""Who can be given work: the tenant's agents and its members."""

from typing import NamedTuple

from appliance.db.database import Database
from appliance.domain import agents, members
from appliance.errors import invalid


class Assignee(NamedTuple):
    """`ref` is what a task takes: an agent's slug, or `member:<id>`; `id` is the agent's or the member's."""

    ref: str
    id: str
    name: str
    title: str


def all(db: Database, control: Database, tenant_id: str) -> list[Assignee]:
    """Agents first, each group in its own order."""
    workers = [Assignee(a.slug, a.id, a.name, a.title) for a in agents.all(db)]
    return workers + [Assignee(f"member:{m.id}", m.id, m.name, m.role) for m in members.every(control, tenant_id)]


def check(control: Database, tenant_id: str, ref: object) -> None:
    """Raises Problem(invalid) for a person who is not in the tenant; agents are checked where the task is kept."""
    if not isinstance(ref, str) or not ref.startswith("member:"):
        return
    if ref.removeprefix("member:") not in [member.id for member in members.every(control, tenant_id)]:
        raise invalid(assignee="there is no such member")
