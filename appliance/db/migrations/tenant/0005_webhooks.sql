-- What came in at the hooks of this tenant, and what became of it. `whole` says that `body` is all of what was sent.
CREATE TABLE hook_deliveries (
  id TEXT PRIMARY KEY, hook_id TEXT NOT NULL, at TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
  status BIGINT NOT NULL, duration_ms BIGINT NOT NULL, address TEXT NOT NULL, idem TEXT NOT NULL, answer TEXT NOT NULL,
  headers TEXT NOT NULL, body TEXT NOT NULL, body_digest TEXT NOT NULL, body_bytes BIGINT NOT NULL,
  whole BOOLEAN NOT NULL, task_id TEXT REFERENCES tasks (id), run_id TEXT REFERENCES runs (id),
  instance_id TEXT REFERENCES instances (id), repeat_of TEXT, replay_of TEXT, replayed_by TEXT
);
CREATE INDEX hook_deliveries_newest ON hook_deliveries (hook_id, id);
CREATE INDEX hook_deliveries_outcome ON hook_deliveries (hook_id, outcome, id);
CREATE INDEX hook_deliveries_at ON hook_deliveries (at);
CREATE INDEX hook_deliveries_task ON hook_deliveries (task_id) WHERE task_id IS NOT NULL;
-- The delivery that was carried out under a name its sender gave it, or under the digest of its body.
CREATE TABLE hook_receipts (
  hook_id TEXT NOT NULL, idem TEXT NOT NULL, delivery_id TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (hook_id, idem)
);
CREATE INDEX hook_receipts_at ON hook_receipts (at);
-- When the next request is free again, in seconds since 1970; `turned_away` counts those that came too early.
CREATE TABLE hook_rates (
  hook_id TEXT PRIMARY KEY, free_at DOUBLE PRECISION NOT NULL, turned_away BIGINT NOT NULL DEFAULT 0, turned_away_at TEXT
);
