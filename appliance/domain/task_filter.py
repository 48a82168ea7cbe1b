"""By what tasks can be filtered, and the same as SQL."""

from typing import Any

import msgspec

from appliance.domain import records
from appliance.domain.tasks import STATES
from appliance.errors import invalid

_AGENT = "t.agent_id = (SELECT id FROM agents WHERE slug = :assignee AND deleted_at IS NULL)"
_MEMBER = "t.member_id = :assignee"


class Filter(msgspec.Struct, frozen=True):
    """All given parts must hold; `q` is looked for in title and body; `assignee` is an agent slug or `member:<id>`."""

    q: str = ""
    state: str = ""
    assignee: str = ""
    label: str = ""
    priority: int | None = None
    parent_id: str = ""

    @property
    def active(self) -> bool:
        return self != Filter()


def where(wanted: Filter) -> tuple[str, dict[str, Any]]:
    if wanted.state and wanted.state not in STATES:
        raise invalid(state=f"use one of {', '.join(STATES)}")
    member = wanted.assignee.removeprefix("member:")
    tests = {
        "q": (wanted.q, "(LOWER(t.title) LIKE :q OR LOWER(t.body) LIKE :q)", f"%{wanted.q.lower()}%"),
        "state": (wanted.state, "t.state = :state", wanted.state),
        "assignee": (wanted.assignee, _AGENT if member == wanted.assignee else _MEMBER, member),
        "label": (wanted.label, "t.labels LIKE :label", f"%{records.dump(wanted.label)}%"),
        "priority": (wanted.priority is not None, "t.priority = :priority", wanted.priority),
        "parent": (wanted.parent_id, "t.parent_id = :parent", wanted.parent_id),
    }
    given = {name: (sql, value) for name, (wants, sql, value) in tests.items() if wants}
    where = "WHERE " + " AND ".join(sql for sql, _ in given.values()) if given else ""
    return where, {name: value for name, (_, value) in given.items()}
