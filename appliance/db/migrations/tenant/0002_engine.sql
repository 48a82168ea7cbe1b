-- Runs: why they were woken, where they came from, what they wait for, how long they may take.
ALTER TABLE runs ADD COLUMN cause TEXT NOT NULL DEFAULT 'started';
ALTER TABLE runs ADD COLUMN lane TEXT NOT NULL DEFAULT 'background';
ALTER TABLE runs ADD COLUMN origin_run TEXT;
ALTER TABLE runs ADD COLUMN fork_of TEXT;
ALTER TABLE runs ADD COLUMN fork_key TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN provider_id TEXT;
ALTER TABLE runs ADD COLUMN wait_key TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN deadline_at TEXT;
CREATE INDEX runs_parked ON runs (ready_at) WHERE state = 'parked';
CREATE INDEX runs_chain ON runs (chain);
-- The list of runs, newest first: ids sort by time, so each filter with the id is the order of its list.
DROP INDEX runs_agent;
CREATE INDEX runs_agent ON runs (agent_id, state, id);
-- Ended runs only: with the open ones in it, planners take it for a claim instead of the order of claims.
CREATE INDEX runs_newest ON runs (state, id) WHERE finished_at IS NOT NULL;
DROP INDEX runs_open;
CREATE INDEX runs_waiting ON runs (ready_at) WHERE state = 'waiting';
CREATE INDEX runs_running ON runs (lease_until) WHERE state = 'running';
CREATE INDEX runs_budget ON runs (id) WHERE state = 'waiting' AND reason = 'budget';
CREATE INDEX runs_agent_newest ON runs (agent_id, id);
CREATE INDEX runs_interactive ON runs (priority DESC, ready_at, id) WHERE state = 'ready' AND lane = 'interactive';
CREATE INDEX runs_at_work ON runs (agent_id) WHERE state = 'running';
CREATE INDEX runs_account ON runs (provider_id) WHERE state = 'running';
CREATE INDEX runs_deadline ON runs (deadline_at) WHERE deadline_at IS NOT NULL AND state IN ('ready', 'running', 'waiting');
ALTER TABLE steps ADD COLUMN approval_id TEXT;
ALTER TABLE messages ADD COLUMN blob TEXT NOT NULL DEFAULT '';
-- Values over 32 KB, by the digest of their bytes; the bytes are files of the tenant.
CREATE TABLE blobs (digest TEXT PRIMARY KEY, size BIGINT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE signals (
  id TEXT PRIMARY KEY, run_id TEXT NOT NULL REFERENCES runs (id), name TEXT NOT NULL, idem TEXT NOT NULL,
  seq BIGINT NOT NULL, payload TEXT NOT NULL, actor TEXT NOT NULL, at TEXT NOT NULL, step_key TEXT, consumed_at TEXT
);
CREATE UNIQUE INDEX signals_once ON signals (run_id, name, idem);
CREATE INDEX signals_waiting ON signals (run_id, name, seq) WHERE consumed_at IS NULL;
-- Everything only a person may decide: kind action, budget, in_doubt, breaker or question.
CREATE TABLE approvals (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, task_id TEXT REFERENCES tasks (id),
  run_id TEXT REFERENCES runs (id), step_key TEXT NOT NULL DEFAULT '', agent_id TEXT REFERENCES agents (id),
  title TEXT NOT NULL, detail TEXT NOT NULL, payload TEXT NOT NULL, digest TEXT NOT NULL,
  estimate_nano BIGINT NOT NULL DEFAULT 0, policy_version BIGINT NOT NULL DEFAULT 1, options TEXT NOT NULL,
  requested_by TEXT NOT NULL, requested_name TEXT NOT NULL, assigned_to TEXT, backup_to TEXT, created_at TEXT NOT NULL,
  remind_s BIGINT, remind_at TEXT, reminders BIGINT NOT NULL DEFAULT 0, escalate_at TEXT, escalated_at TEXT,
  expires_at TEXT, on_expiry TEXT NOT NULL DEFAULT 'reject', verdict TEXT NOT NULL DEFAULT '',
  given TEXT NOT NULL DEFAULT '{}', note TEXT NOT NULL DEFAULT '', decided_by TEXT, decided_name TEXT NOT NULL DEFAULT '',
  decided_at TEXT, consumed_at TEXT, superseded_by TEXT
);
CREATE UNIQUE INDEX approvals_live ON approvals (run_id, step_key, kind)
  WHERE run_id IS NOT NULL AND state IN ('pending', 'approved');
CREATE INDEX approvals_inbox ON approvals (state, created_at, id);
CREATE INDEX approvals_task ON approvals (task_id, created_at);
CREATE INDEX approvals_run ON approvals (run_id, created_at);
CREATE INDEX approvals_expire ON approvals (state, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX approvals_remind ON approvals (state, remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX approvals_escalate ON approvals (state, escalate_at) WHERE escalated_at IS NULL;
-- Why an agent should look at a task; a run is what becomes of it.
CREATE TABLE wakes (
  id TEXT PRIMARY KEY, agent_id TEXT NOT NULL REFERENCES agents (id), task_id TEXT NOT NULL REFERENCES tasks (id),
  reason TEXT NOT NULL, cause_event BIGINT, causes TEXT NOT NULL, origin_run TEXT, chain TEXT NOT NULL,
  depth BIGINT NOT NULL, lane TEXT NOT NULL DEFAULT 'background', not_before TEXT NOT NULL, state TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '', run_id TEXT, breaker_id TEXT, created_at TEXT NOT NULL, settled_at TEXT
);
CREATE UNIQUE INDEX wakes_queued ON wakes (agent_id, task_id) WHERE state = 'queued';
CREATE INDEX wakes_due ON wakes (not_before) WHERE state = 'queued';
CREATE INDEX wakes_task ON wakes (task_id, created_at);
CREATE INDEX wakes_chain ON wakes (chain, created_at);
CREATE INDEX wakes_origin ON wakes (origin_run) WHERE origin_run IS NOT NULL;
CREATE INDEX wakes_run ON wakes (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX wakes_held ON wakes (breaker_id) WHERE breaker_id IS NOT NULL;
CREATE TABLE breakers (
  id TEXT PRIMARY KEY, scope TEXT NOT NULL, subject TEXT NOT NULL, failures BIGINT NOT NULL DEFAULT 0,
  recurrences BIGINT NOT NULL DEFAULT 0, spent_nano BIGINT NOT NULL DEFAULT 0, window_at TEXT NOT NULL,
  tripped_at TEXT, approval_id TEXT, updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX breakers_subject ON breakers (scope, subject);
CREATE INDEX breakers_tripped ON breakers (subject) WHERE tripped_at IS NOT NULL;
ALTER TABLE tasks ADD COLUMN project TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN on_parent_close TEXT NOT NULL DEFAULT 'cancel';
ALTER TABLE tasks ADD COLUMN plan_key TEXT;
ALTER TABLE tasks ADD COLUMN time_limit_s BIGINT;
CREATE UNIQUE INDEX tasks_plan ON tasks (parent_id, plan_key) WHERE plan_key IS NOT NULL;
ALTER TABLE checks ADD COLUMN waiver TEXT NOT NULL DEFAULT '';
ALTER TABLE providers ADD COLUMN max_concurrency BIGINT;
-- What a tenant has set for itself: zone, caps, what needs approval.
CREATE TABLE preferences (name TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at TEXT NOT NULL);
-- Spend of a scope in a window: one row each for the hour, the day, the month and all time, in the tenant's zone.
CREATE TABLE spent (
  scope TEXT NOT NULL, scope_id TEXT NOT NULL, span TEXT NOT NULL, starts TEXT NOT NULL, settled_nano BIGINT NOT NULL,
  PRIMARY KEY (scope, scope_id, span, starts)
);
-- Counted anew from the ledger: what a task costs includes what is below it from here on.
INSERT INTO spent (scope, scope_id, span, starts, settled_nano)
WITH RECURSIVE up (task_id, above) AS (
  SELECT id, id FROM tasks
  UNION SELECT up.task_id, t.parent_id FROM up JOIN tasks t ON t.id = up.above WHERE t.parent_id IS NOT NULL),
paid AS (
  SELECT c.id, c.provider_id, c.agent_id, c.task_id, c.run_id, c.finished_at AS at,
    SUM(COALESCE(a.cost_nano, c.estimate_nano)) AS nano
  FROM calls c JOIN attempts a ON a.call_id = c.id WHERE c.state <> 'open'
  GROUP BY c.id, c.provider_id, c.agent_id, c.task_id, c.run_id, c.finished_at),
counted (scope, scope_id, at, nano) AS (
  SELECT 'tenant', '', at, nano FROM paid
  UNION ALL SELECT 'provider', provider_id, at, nano FROM paid
  UNION ALL SELECT 'agent', agent_id, at, nano FROM paid WHERE agent_id IS NOT NULL
  UNION ALL SELECT 'run', run_id, at, nano FROM paid WHERE run_id IS NOT NULL
  UNION ALL SELECT 'task', COALESCE(up.above, paid.task_id), at, nano FROM paid
    LEFT JOIN up ON up.task_id = paid.task_id WHERE paid.task_id IS NOT NULL),
spans (scope, scope_id, span, starts, nano) AS (
  SELECT scope, scope_id, 'hour', SUBSTR(at, 1, 13) || ':00:00.000000Z', nano FROM counted
  UNION ALL SELECT scope, scope_id, 'day', SUBSTR(at, 1, 10) || 'T00:00:00.000000Z', nano FROM counted
  UNION ALL SELECT scope, scope_id, 'month', SUBSTR(at, 1, 7) || '-01T00:00:00.000000Z', nano FROM counted
  UNION ALL SELECT scope, scope_id, 'lifetime', '', nano FROM counted)
SELECT scope, scope_id, span, starts, CAST(SUM(nano) AS BIGINT) FROM spans GROUP BY scope, scope_id, span, starts;
INSERT INTO reservations (call_id, scope, scope_id, amount_nano, owner, created_at)
  SELECT r.call_id, 'provider', c.provider_id, r.amount_nano, r.owner, r.created_at
  FROM reservations r JOIN calls c ON c.id = r.call_id WHERE r.scope = 'tenant';
INSERT INTO reservations (call_id, scope, scope_id, amount_nano, owner, created_at)
  WITH RECURSIVE up (task_id, above) AS (
    SELECT id, parent_id FROM tasks WHERE parent_id IS NOT NULL
    UNION SELECT up.task_id, t.parent_id FROM up JOIN tasks t ON t.id = up.above WHERE t.parent_id IS NOT NULL)
  SELECT r.call_id, 'task', up.above, r.amount_nano, r.owner, r.created_at
  FROM reservations r JOIN up ON up.task_id = r.scope_id WHERE r.scope = 'task';
DROP TABLE spend;
ALTER TABLE attempts ADD COLUMN imputed_nano BIGINT;
CREATE UNIQUE INDEX approvals_budget ON approvals (step_key) WHERE kind = 'budget' AND state = 'pending';
CREATE INDEX runs_money ON runs (wait_key) WHERE state = 'waiting' AND reason = 'budget';
ALTER TABLE budgets ADD COLUMN extra_nano BIGINT NOT NULL DEFAULT 0;
ALTER TABLE budgets ADD COLUMN extra_until TEXT;
ALTER TABLE budgets ADD COLUMN alerted TEXT NOT NULL DEFAULT '';
-- The digest of the line and of the one before it; lines from before have none.
ALTER TABLE events ADD COLUMN hash TEXT NOT NULL DEFAULT '';
