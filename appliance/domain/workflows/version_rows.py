"""Versions of workflows as they are stored; decoded definitions are kept, because instances look at theirs often."""

import hashlib
import threading

import msgspec

from appliance.db.database import Database
from appliance.domain import records
from appliance.domain.workflows.definition import Definition
from appliance.errors import not_found

MOST_KEPT = 200
_kept: dict[str, Definition] = {}
_lock = threading.Lock()


class Version(msgspec.Struct, frozen=True):
    """`source` is the YAML as it was written; `actor` is the label of who applied it."""

    workflow_id: str
    version: int
    source: str
    digest: str
    actor: str
    at: str
    definition: Definition


def get(db: Database, workflow_id: str, number: int) -> Version:
    """Raises Problem(not_found)."""
    found = before(db, workflow_id, number + 1, 1) if 0 < number < 2**31 else []
    if not found or found[0].version != number:
        raise not_found("version of this workflow")
    return found[0]


def definition(db: Database, workflow_id: str, number: int) -> Definition:
    """Raises Problem(not_found)."""
    digest = digest_of(db, workflow_id, number)
    if digest not in _kept:
        # By its digest: two texts never share one, whatever tenant they belong to and whatever was rolled back.
        made = get(db, workflow_id, number).definition
        with _lock:
            while len(_kept) >= MOST_KEPT:
                del _kept[next(iter(_kept))]
            _kept[digest] = made
        return made
    return _kept[digest]


def before(db: Database, workflow_id: str, number: int, limit: int) -> list[Version]:
    """Those below `number`, newest first."""
    sql = """SELECT * FROM workflow_versions WHERE workflow_id = :id AND version < :number
      ORDER BY version DESC LIMIT :limit"""
    rows = db.rows(sql, {"id": workflow_id, "number": number, "limit": limit})
    return [records.to(Version, row, ("definition",)) for row in rows]


def digest(made: Definition) -> str:
    """SHA-256 in hex of the definition's JSON, keys sorted."""
    return hashlib.sha256(msgspec.json.encode(made, order="sorted")).hexdigest()


def digest_of(db: Database, workflow_id: str, number: int) -> str:
    """ "" for one that is not there."""
    sql = "SELECT digest FROM workflow_versions WHERE workflow_id = :id AND version = :number"
    return str(db.value(sql, {"id": workflow_id, "number": number}) or "")
