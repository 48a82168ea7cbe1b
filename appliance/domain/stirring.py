"""Whether a tenant has anything that time alone may move on; one that has not may be looked at less often."""

from appliance.db.database import Database

_STIRS = """
SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM runs WHERE state = 'ready')
OR EXISTS (SELECT 1 FROM runs WHERE state = 'waiting') OR EXISTS (SELECT 1 FROM runs WHERE state = 'running')
OR EXISTS (SELECT 1 FROM schedules WHERE state = 'active') OR EXISTS (SELECT 1 FROM approvals WHERE state = 'pending')
"""


def stirs(db: Database) -> bool:
    return db.one(_STIRS) is not None
