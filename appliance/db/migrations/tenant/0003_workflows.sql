-- Workflows and their versions, which never change.
CREATE TABLE workflows (
  id TEXT PRIMARY KEY, slug TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, version BIGINT NOT NULL,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, archived_at TEXT
);
CREATE UNIQUE INDEX workflows_slug ON workflows (slug) WHERE archived_at IS NULL;
CREATE TABLE workflow_versions (
  workflow_id TEXT NOT NULL REFERENCES workflows (id), version BIGINT NOT NULL, source TEXT NOT NULL,
  definition TEXT NOT NULL, digest TEXT NOT NULL, actor TEXT NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY (workflow_id, version)
);
-- One carrying-out of a version. `task_id` is its task, under which every step's task stands; `moved` says that
-- something it waits for has ended, so that it has to be looked at.
CREATE TABLE instances (
  id TEXT PRIMARY KEY, workflow_id TEXT NOT NULL REFERENCES workflows (id), version BIGINT NOT NULL,
  task_id TEXT NOT NULL UNIQUE REFERENCES tasks (id), state TEXT NOT NULL, moved BOOLEAN NOT NULL DEFAULT FALSE,
  input TEXT NOT NULL, output TEXT NOT NULL DEFAULT 'null', failure_code TEXT NOT NULL DEFAULT '',
  failure_detail TEXT NOT NULL DEFAULT '', failed_path TEXT NOT NULL DEFAULT '', idem TEXT, cause TEXT NOT NULL,
  parent_id TEXT REFERENCES instances (id), parent_path TEXT NOT NULL DEFAULT '',
  fork_of TEXT REFERENCES instances (id), fork_from TEXT NOT NULL DEFAULT '', due_at TEXT, created_by TEXT NOT NULL,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, finished_at TEXT
);
CREATE UNIQUE INDEX instances_idem ON instances (workflow_id, idem) WHERE idem IS NOT NULL;
CREATE INDEX instances_newest ON instances (workflow_id, id);
CREATE INDEX instances_state ON instances (state, id);
CREATE INDEX instances_moved ON instances (updated_at) WHERE moved;
CREATE INDEX instances_due ON instances (due_at) WHERE due_at IS NOT NULL AND finished_at IS NULL;
CREATE INDEX instances_parent ON instances (parent_id) WHERE parent_id IS NOT NULL;
-- A step of an instance. `path` names it (review, each[17]/fetch, big/then/legal), `scope` is the block it is in ("",
-- each[17], big/then). Rows are made when a step starts; `landed` says that what it waited for has ended.
CREATE TABLE nodes (
  instance_id TEXT NOT NULL REFERENCES instances (id), path TEXT NOT NULL, scope TEXT NOT NULL, step_id TEXT NOT NULL,
  kind TEXT NOT NULL, state TEXT NOT NULL, landed BOOLEAN NOT NULL DEFAULT FALSE, item BIGINT, attempt BIGINT NOT NULL,
  ord BIGINT NOT NULL, task_id TEXT REFERENCES tasks (id), approval_id TEXT, child_id TEXT, wait_key TEXT NOT NULL DEFAULT '',
  input TEXT NOT NULL, output TEXT NOT NULL DEFAULT 'null', data TEXT NOT NULL DEFAULT '{}',
  failure_code TEXT NOT NULL DEFAULT '', failure_detail TEXT NOT NULL DEFAULT '', due_at TEXT, wake_at TEXT,
  started_at TEXT NOT NULL, finished_at TEXT, PRIMARY KEY (instance_id, path)
);
CREATE INDEX nodes_scope ON nodes (instance_id, scope, ord);
CREATE INDEX nodes_landed ON nodes (instance_id) WHERE landed;
CREATE INDEX nodes_due ON nodes (due_at) WHERE due_at IS NOT NULL AND finished_at IS NULL;
CREATE INDEX nodes_wake ON nodes (wake_at) WHERE wake_at IS NOT NULL AND finished_at IS NULL;
CREATE UNIQUE INDEX nodes_task ON nodes (task_id) WHERE task_id IS NOT NULL;
CREATE UNIQUE INDEX nodes_approval ON nodes (approval_id) WHERE approval_id IS NOT NULL;
CREATE INDEX nodes_open ON nodes (instance_id, state) WHERE finished_at IS NULL;
CREATE TABLE instance_signals (
  id TEXT PRIMARY KEY, instance_id TEXT NOT NULL REFERENCES instances (id), name TEXT NOT NULL, idem TEXT NOT NULL,
  seq BIGINT NOT NULL, payload TEXT NOT NULL, actor TEXT NOT NULL, at TEXT NOT NULL, path TEXT, consumed_at TEXT
);
CREATE UNIQUE INDEX instance_signals_once ON instance_signals (instance_id, name, idem);
CREATE INDEX instance_signals_waiting ON instance_signals (instance_id, name, seq) WHERE consumed_at IS NULL;
-- Whose folder of files a task works in, when it is not its own: the steps of a workflow share one.
ALTER TABLE tasks ADD COLUMN workspace_of TEXT;
-- An agent of the box's own that carries out the steps which need no model; people do not see it.
ALTER TABLE agents ADD COLUMN hidden BOOLEAN NOT NULL DEFAULT FALSE;
