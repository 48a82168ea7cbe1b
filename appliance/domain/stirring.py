"""Whether a tenant has anything that time alone may move on soon; one that has not is looked at less often."""

from appliance import clock
from appliance.db.database import Database
from appliance.domain.notices import deriving

# Longer than it takes until a tenant that rests is looked at anyway.
SOON_S = 900.0
_STIRS = """
SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM runs WHERE state = 'ready')
OR EXISTS (SELECT 1 FROM runs WHERE state = 'waiting') OR EXISTS (SELECT 1 FROM runs WHERE state = 'running')
OR EXISTS (SELECT 1 FROM schedules WHERE state = 'active') OR EXISTS (SELECT 1 FROM approvals WHERE state = 'pending')
OR EXISTS (SELECT 1 FROM instances WHERE state = 'running') OR EXISTS (SELECT 1 FROM wakes WHERE state = 'queued')
OR EXISTS (SELECT 1 FROM notices WHERE state IN ('queued', 'sending', 'held') AND due_at <= :soon)
OR EXISTS (SELECT 1 FROM notice_wishes WHERE digest_due <= :soon)
"""


def stirs(db: Database) -> bool:
    return db.one(_STIRS, {"soon": clock.ahead(SOON_S)}) is not None or deriving.unread(db)
