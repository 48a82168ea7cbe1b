CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
CREATE TABLE agents (
  id TEXT PRIMARY KEY, slug TEXT NOT NULL, name TEXT NOT NULL, title TEXT NOT NULL, manager_id TEXT REFERENCES agents (id),
  instructions TEXT NOT NULL, model TEXT NOT NULL, tools TEXT NOT NULL, runtime TEXT NOT NULL,
  max_concurrency BIGINT NOT NULL, paused BOOLEAN NOT NULL DEFAULT FALSE,
  revision BIGINT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, deleted_at TEXT
);
CREATE UNIQUE INDEX agents_slug ON agents (slug) WHERE deleted_at IS NULL;
CREATE TABLE agent_revisions (
  agent_id TEXT NOT NULL REFERENCES agents (id), revision BIGINT NOT NULL, data TEXT NOT NULL, actor TEXT NOT NULL,
  at TEXT NOT NULL, PRIMARY KEY (agent_id, revision)
);
CREATE TABLE tasks (
  id TEXT PRIMARY KEY, number BIGINT NOT NULL UNIQUE, title TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL,
  blocked_reason TEXT NOT NULL DEFAULT '', blocked_detail TEXT NOT NULL DEFAULT '', agent_id TEXT REFERENCES agents (id),
  member_id TEXT, priority BIGINT NOT NULL, parent_id TEXT REFERENCES tasks (id), labels TEXT NOT NULL,
  due_at TEXT, result TEXT NOT NULL DEFAULT '', cycle BIGINT NOT NULL DEFAULT 1,
  cost_nano BIGINT NOT NULL DEFAULT 0, run_id TEXT, created_by TEXT NOT NULL, created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL, started_at TEXT, finished_at TEXT
);
CREATE INDEX tasks_state ON tasks (state, updated_at, id);
CREATE INDEX tasks_state_number ON tasks (state, number);
CREATE INDEX tasks_agent ON tasks (agent_id, state);
CREATE INDEX tasks_parent ON tasks (parent_id);
CREATE TABLE task_blockers (
  task_id TEXT NOT NULL REFERENCES tasks (id), blocker_id TEXT NOT NULL REFERENCES tasks (id), on_cancel TEXT NOT NULL,
  PRIMARY KEY (task_id, blocker_id)
);
CREATE INDEX task_blockers_blocker ON task_blockers (blocker_id);
CREATE TABLE checks (
  id TEXT PRIMARY KEY, task_id TEXT NOT NULL REFERENCES tasks (id), ord BIGINT NOT NULL, kind TEXT NOT NULL,
  spec TEXT NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '', judged_at TEXT, judged_by TEXT
);
CREATE INDEX checks_task ON checks (task_id, ord);
CREATE TABLE comments (
  id TEXT PRIMARY KEY, task_id TEXT NOT NULL REFERENCES tasks (id), author_kind TEXT NOT NULL, author_id TEXT NOT NULL,
  author_name TEXT NOT NULL, body TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE INDEX comments_task ON comments (task_id, id);
CREATE TABLE runs (
  id TEXT PRIMARY KEY, task_id TEXT NOT NULL REFERENCES tasks (id), agent_id TEXT NOT NULL REFERENCES agents (id),
  agent_revision BIGINT NOT NULL, attempt BIGINT NOT NULL, retry_of TEXT, state TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '', failure_code TEXT NOT NULL DEFAULT '', failure_detail TEXT NOT NULL DEFAULT '',
  priority BIGINT NOT NULL, ready_at TEXT NOT NULL, lease_until TEXT, lease_owner TEXT NOT NULL DEFAULT '',
  fence BIGINT NOT NULL DEFAULT 0, claims_without_progress BIGINT NOT NULL DEFAULT 0,
  needs_nano BIGINT NOT NULL DEFAULT 0, cancel_requested BOOLEAN NOT NULL DEFAULT FALSE, cause_event BIGINT, chain TEXT NOT NULL, depth BIGINT NOT NULL,
  cost_nano BIGINT NOT NULL DEFAULT 0, created_at TEXT NOT NULL, started_at TEXT, finished_at TEXT
);
CREATE INDEX runs_claim ON runs (priority DESC, ready_at, id) WHERE state = 'ready';
CREATE INDEX runs_open ON runs (state, ready_at) WHERE state IN ('running', 'waiting');
CREATE INDEX runs_task ON runs (task_id, attempt);
CREATE INDEX runs_agent ON runs (agent_id, state);
CREATE TABLE steps (
  run_id TEXT NOT NULL REFERENCES runs (id), key TEXT NOT NULL, ord BIGINT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
  effect TEXT NOT NULL, input_digest TEXT NOT NULL, state TEXT NOT NULL,
  attempts BIGINT NOT NULL, input TEXT NOT NULL, result TEXT NOT NULL,
  first_message BIGINT, last_message BIGINT, call_id TEXT, cost_nano BIGINT NOT NULL DEFAULT 0, fence BIGINT NOT NULL,
  started_at TEXT NOT NULL, finished_at TEXT, PRIMARY KEY (run_id, key)
);
CREATE INDEX steps_order ON steps (run_id, ord);
CREATE TABLE messages (
  run_id TEXT NOT NULL REFERENCES runs (id), seq BIGINT NOT NULL, role TEXT NOT NULL, content TEXT NOT NULL,
  tool_calls TEXT NOT NULL, tool_call_id TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (run_id, seq)
);
CREATE TABLE providers (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, base_url TEXT NOT NULL, billing TEXT NOT NULL,
  secret TEXT NOT NULL DEFAULT '', secret_hint TEXT NOT NULL DEFAULT '', secret_fingerprint TEXT NOT NULL DEFAULT '',
  generation BIGINT NOT NULL DEFAULT 1, models TEXT NOT NULL, prices TEXT NOT NULL, paused BOOLEAN NOT NULL DEFAULT FALSE,
  pace TEXT NOT NULL DEFAULT 'instant', seed BIGINT NOT NULL DEFAULT 0, tested_at TEXT, test_ok BOOLEAN,
  test_detail TEXT NOT NULL DEFAULT '', created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE TABLE budgets (
  id TEXT PRIMARY KEY, scope TEXT NOT NULL, scope_id TEXT NOT NULL, span TEXT NOT NULL, limit_nano BIGINT NOT NULL,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, UNIQUE (scope, scope_id, span)
);
CREATE TABLE spend (
  scope TEXT NOT NULL, scope_id TEXT NOT NULL, day TEXT NOT NULL, settled_nano BIGINT NOT NULL,
  PRIMARY KEY (scope, scope_id, day)
);
CREATE TABLE reservations (
  call_id TEXT NOT NULL, scope TEXT NOT NULL, scope_id TEXT NOT NULL, amount_nano BIGINT NOT NULL, owner TEXT NOT NULL,
  created_at TEXT NOT NULL, PRIMARY KEY (call_id, scope, scope_id)
);
CREATE INDEX reservations_scope ON reservations (scope, scope_id);
CREATE TABLE calls (
  id TEXT PRIMARY KEY, run_id TEXT, step_key TEXT NOT NULL DEFAULT '', task_id TEXT, agent_id TEXT, key_id TEXT,
  provider_id TEXT NOT NULL, model TEXT NOT NULL, state TEXT NOT NULL, failure_code TEXT NOT NULL DEFAULT '',
  cost_nano BIGINT, estimate_nano BIGINT NOT NULL, simulated BOOLEAN NOT NULL, attempts BIGINT NOT NULL DEFAULT 0,
  input_total BIGINT NOT NULL DEFAULT 0, cache_read BIGINT NOT NULL DEFAULT 0, output_total BIGINT NOT NULL DEFAULT 0,
  day TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT
);
CREATE INDEX calls_day ON calls (day, model);
CREATE INDEX calls_started ON calls (started_at, id);
CREATE INDEX calls_task ON calls (task_id, started_at);
CREATE INDEX calls_run ON calls (run_id);
CREATE TABLE attempts (
  id TEXT PRIMARY KEY, call_id TEXT NOT NULL REFERENCES calls (id), n BIGINT NOT NULL, provider_id TEXT NOT NULL,
  model_requested TEXT NOT NULL, model_reported TEXT NOT NULL, request_id TEXT NOT NULL, failure_code TEXT NOT NULL,
  failure_detail TEXT NOT NULL, input_total BIGINT NOT NULL, cache_read BIGINT NOT NULL, cache_write_5m BIGINT NOT NULL,
  cache_write_1h BIGINT NOT NULL, output_total BIGINT NOT NULL, reasoning BIGINT NOT NULL, cost_nano BIGINT,
  cost_source TEXT NOT NULL, matched_model TEXT NOT NULL, price_version TEXT NOT NULL, input_nano_mtok BIGINT,
  output_nano_mtok BIGINT, cache_read_nano_mtok BIGINT, first_byte_ms BIGINT, duration_ms BIGINT NOT NULL,
  started_at TEXT NOT NULL
);
CREATE INDEX attempts_call ON attempts (call_id, n);
CREATE TABLE events (
  seq BIGINT PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, task_id TEXT, run_id TEXT,
  agent_id TEXT, data TEXT NOT NULL
);
CREATE INDEX events_task ON events (task_id, seq);
CREATE TABLE idempotency (
  key TEXT NOT NULL, actor TEXT NOT NULL, route TEXT NOT NULL, body_digest TEXT NOT NULL, status BIGINT NOT NULL,
  answer TEXT NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (key, actor, route)
);
