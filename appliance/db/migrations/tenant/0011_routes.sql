-- Routes: a name that stands for several models in order; how their targets fare; what was decided for each call.
ALTER TABLE providers ADD COLUMN private BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE providers ADD COLUMN weight BIGINT NOT NULL DEFAULT 1;
ALTER TABLE providers ADD COLUMN only_listed BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE providers ADD COLUMN stream_options BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE providers ADD COLUMN facts TEXT NOT NULL DEFAULT '{}';
ALTER TABLE providers ADD COLUMN out_at TEXT;
ALTER TABLE providers ADD COLUMN out_reason TEXT NOT NULL DEFAULT '';
-- Until now every account could reach this machine and its network: those that do so go on.
UPDATE providers SET private = TRUE WHERE kind = 'ollama' OR base_url LIKE 'http://%' OR base_url LIKE 'https://localhost%'
  OR base_url LIKE 'https://127.%' OR base_url LIKE 'https://10.%' OR base_url LIKE 'https://192.168.%'
  OR base_url LIKE 'https://172.%' OR base_url LIKE 'https://[%';
CREATE TABLE routes (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, strategy TEXT NOT NULL, sticky BOOLEAN NOT NULL DEFAULT TRUE,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE TABLE route_targets (
  route_id TEXT NOT NULL REFERENCES routes (id), ord BIGINT NOT NULL, provider_id TEXT NOT NULL, model TEXT NOT NULL,
  weight BIGINT NOT NULL DEFAULT 1, task_kinds TEXT NOT NULL DEFAULT '[]', PRIMARY KEY (route_id, ord)
);
CREATE INDEX route_targets_provider ON route_targets (provider_id);
-- A target that fails again and again rests until open_until; then one call, which holds probe_until, tries it.
CREATE TABLE target_health (
  provider_id TEXT NOT NULL, model TEXT NOT NULL, failures BIGINT NOT NULL DEFAULT 0, trips BIGINT NOT NULL DEFAULT 0,
  failure_code TEXT NOT NULL DEFAULT '', failed_at TEXT NOT NULL DEFAULT '', open_until TEXT NOT NULL DEFAULT '',
  probe_until TEXT NOT NULL DEFAULT '', PRIMARY KEY (provider_id, model)
);
-- Changes with every change of accounts, routes and health, so that no process goes on with what it has kept of them.
CREATE TABLE route_version (one BIGINT PRIMARY KEY, version TEXT NOT NULL);
INSERT INTO route_version (one, version) VALUES (1, '');
CREATE TABLE decisions (
  call_id TEXT PRIMARY KEY, at TEXT NOT NULL, asked TEXT NOT NULL, alias TEXT NOT NULL, strategy TEXT NOT NULL,
  session_id TEXT NOT NULL, provider_id TEXT NOT NULL, model TEXT NOT NULL, nano_estimate BIGINT,
  best_provider_id TEXT, best_model TEXT, best_nano BIGINT, candidates BIGINT NOT NULL, healthy BIGINT NOT NULL,
  fell_back BOOLEAN NOT NULL DEFAULT FALSE, why TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE INDEX decisions_session ON decisions (session_id, asked, at) WHERE session_id <> '';
CREATE INDEX attempts_target ON attempts (provider_id, model_requested, started_at);
