"""What people call the things that a budget can be set on."""

from appliance.db.database import Database
from appliance.domain import scopes
from appliance.errors import invalid

_FIND = {
    "provider": "SELECT id FROM providers WHERE id = :ref OR name = :ref",
    "agent": "SELECT id FROM agents WHERE (id = :ref OR slug = :ref) AND deleted_at IS NULL",
    "project": "SELECT project FROM tasks WHERE project = :ref AND project <> ''",
    "task": "SELECT id FROM tasks WHERE id = :ref OR number = :number",
    "run": "SELECT id FROM runs WHERE id = :ref",
}


# Known elsewhere: keys belong to the box, models to accounts, and tools name their sessions as they like.
_FREE = ("key", "model", "session")
_LIMIT = 200


def found(db: Database, scope: str, ref: str) -> str:
    """The id `ref` stands for in its scope. Raises Problem(invalid)."""
    if scope not in scopes.SCOPES:
        raise invalid(scope=f"use one of {', '.join(scopes.SCOPES)}")
    if scope == "tenant":
        return ""
    if scope in _FREE:
        if not ref or len(ref) > _LIMIT:
            raise invalid(scope_id=f"name the {scope}")
        return ref
    known = db.value(_FIND[scope], {"ref": ref, "number": int(ref) if ref.isdecimal() and len(ref) < 16 else 0})
    if not known:
        raise invalid(scope_id=f"there is no such {scope}")
    return str(known)
