-- Processes that serve this box, each known by the owner it writes into leases and reservations.
CREATE TABLE workers (
  owner TEXT PRIMARY KEY, host TEXT NOT NULL, place TEXT NOT NULL, pid BIGINT NOT NULL, role TEXT NOT NULL,
  started_at TEXT NOT NULL, seen_at TEXT NOT NULL
);
-- Secret addresses: whoever posts to one sends the signal `name` to the task's open run.
CREATE TABLE hooks (
  digest TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, tenant_id TEXT NOT NULL REFERENCES tenants (id),
  task_id TEXT NOT NULL, name TEXT NOT NULL, created_by TEXT NOT NULL, created_at TEXT NOT NULL, used_at TEXT,
  revoked_at TEXT
);
CREATE INDEX hooks_task ON hooks (tenant_id, task_id);
