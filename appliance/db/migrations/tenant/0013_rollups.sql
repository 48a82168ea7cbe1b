-- What calls add up to by hour and by day, so that a month of a million calls is read in milliseconds.
-- `starts` is the hour (2026-11-23T14) or the day; first_n and took_n count the calls of each latency bucket.
CREATE TABLE usage_hours (
  starts TEXT NOT NULL, provider_id TEXT NOT NULL, model TEXT NOT NULL, agent_id TEXT NOT NULL, key_id TEXT NOT NULL,
  project TEXT NOT NULL, task_kind TEXT NOT NULL, surface TEXT NOT NULL, state TEXT NOT NULL,
  failure_code TEXT NOT NULL, simulated BOOLEAN NOT NULL,
  calls BIGINT NOT NULL, retries BIGINT NOT NULL, unpriced BIGINT NOT NULL, estimated BIGINT NOT NULL,
  input_total BIGINT NOT NULL, cache_read BIGINT NOT NULL, cache_write BIGINT NOT NULL, output_total BIGINT NOT NULL,
  reasoning BIGINT NOT NULL, cost_nano BIGINT NOT NULL, imputed_nano BIGINT NOT NULL, estimated_nano BIGINT NOT NULL,
  cached_nano BIGINT NOT NULL,
  first_0 BIGINT NOT NULL, first_1 BIGINT NOT NULL, first_2 BIGINT NOT NULL, first_3 BIGINT NOT NULL,
  first_4 BIGINT NOT NULL, first_5 BIGINT NOT NULL, first_6 BIGINT NOT NULL, first_7 BIGINT NOT NULL,
  first_8 BIGINT NOT NULL, first_9 BIGINT NOT NULL, first_10 BIGINT NOT NULL, first_11 BIGINT NOT NULL,
  first_12 BIGINT NOT NULL, first_13 BIGINT NOT NULL, first_14 BIGINT NOT NULL, first_15 BIGINT NOT NULL,
  took_0 BIGINT NOT NULL, took_1 BIGINT NOT NULL, took_2 BIGINT NOT NULL, took_3 BIGINT NOT NULL,
  took_4 BIGINT NOT NULL, took_5 BIGINT NOT NULL, took_6 BIGINT NOT NULL, took_7 BIGINT NOT NULL,
  took_8 BIGINT NOT NULL, took_9 BIGINT NOT NULL, took_10 BIGINT NOT NULL, took_11 BIGINT NOT NULL,
  took_12 BIGINT NOT NULL, took_13 BIGINT NOT NULL, took_14 BIGINT NOT NULL, took_15 BIGINT NOT NULL,
  PRIMARY KEY (starts, provider_id, model, agent_id, key_id, project, task_kind, surface, state, failure_code, simulated)
);
CREATE TABLE usage_days (
  starts TEXT NOT NULL, provider_id TEXT NOT NULL, model TEXT NOT NULL, agent_id TEXT NOT NULL, key_id TEXT NOT NULL,
  project TEXT NOT NULL, task_kind TEXT NOT NULL, surface TEXT NOT NULL, state TEXT NOT NULL,
  failure_code TEXT NOT NULL, simulated BOOLEAN NOT NULL,
  calls BIGINT NOT NULL, retries BIGINT NOT NULL, unpriced BIGINT NOT NULL, estimated BIGINT NOT NULL,
  input_total BIGINT NOT NULL, cache_read BIGINT NOT NULL, cache_write BIGINT NOT NULL, output_total BIGINT NOT NULL,
  reasoning BIGINT NOT NULL, cost_nano BIGINT NOT NULL, imputed_nano BIGINT NOT NULL, estimated_nano BIGINT NOT NULL,
  cached_nano BIGINT NOT NULL,
  first_0 BIGINT NOT NULL, first_1 BIGINT NOT NULL, first_2 BIGINT NOT NULL, first_3 BIGINT NOT NULL,
  first_4 BIGINT NOT NULL, first_5 BIGINT NOT NULL, first_6 BIGINT NOT NULL, first_7 BIGINT NOT NULL,
  first_8 BIGINT NOT NULL, first_9 BIGINT NOT NULL, first_10 BIGINT NOT NULL, first_11 BIGINT NOT NULL,
  first_12 BIGINT NOT NULL, first_13 BIGINT NOT NULL, first_14 BIGINT NOT NULL, first_15 BIGINT NOT NULL,
  took_0 BIGINT NOT NULL, took_1 BIGINT NOT NULL, took_2 BIGINT NOT NULL, took_3 BIGINT NOT NULL,
  took_4 BIGINT NOT NULL, took_5 BIGINT NOT NULL, took_6 BIGINT NOT NULL, took_7 BIGINT NOT NULL,
  took_8 BIGINT NOT NULL, took_9 BIGINT NOT NULL, took_10 BIGINT NOT NULL, took_11 BIGINT NOT NULL,
  took_12 BIGINT NOT NULL, took_13 BIGINT NOT NULL, took_14 BIGINT NOT NULL, took_15 BIGINT NOT NULL,
  PRIMARY KEY (starts, provider_id, model, agent_id, key_id, project, task_kind, surface, state, failure_code, simulated)
);
CREATE TABLE usage_tasks (
  task_id TEXT NOT NULL, hour TEXT NOT NULL, task_kind TEXT NOT NULL, calls BIGINT NOT NULL, cost_nano BIGINT NOT NULL,
  simulated_nano BIGINT NOT NULL, PRIMARY KEY (task_id, hour)
);
CREATE INDEX usage_tasks_hour ON usage_tasks (hour);
-- Wide enough that the rows themselves need not be read.
CREATE INDEX usage_tasks_cost ON usage_tasks (task_id, task_kind, cost_nano, simulated_nano);
CREATE INDEX usage_days_cost ON usage_days (starts, simulated, state, calls, cost_nano);
-- By which prices, of how sure a source, the calls of an hour were priced.
CREATE TABLE usage_prices (
  hour TEXT NOT NULL, cost_source TEXT NOT NULL, price_version TEXT NOT NULL, calls BIGINT NOT NULL,
  cost_nano BIGINT NOT NULL, PRIMARY KEY (hour, cost_source, price_version)
);
-- How far the calls are added up (rolled), compared with other models (compared) and forgotten (pruned).
CREATE TABLE usage_marks (name TEXT PRIMARY KEY, until TEXT NOT NULL);
INSERT INTO usage_marks (name, until) VALUES ('rolled', ''), ('compared', ''), ('pruned', '');
-- What the calls of an hour would have cost elsewhere: on one model (model), as asked for (requested), at best (best).
CREATE TABLE usage_baselines (
  hour TEXT NOT NULL, kind TEXT NOT NULL, provider_id TEXT NOT NULL, model TEXT NOT NULL, simulated BOOLEAN NOT NULL,
  calls BIGINT NOT NULL, actual_nano BIGINT NOT NULL, nano BIGINT NOT NULL,
  PRIMARY KEY (hour, kind, provider_id, model, simulated)
);
CREATE TABLE usage_stale (hour TEXT PRIMARY KEY);
CREATE TABLE usage_exports (
  id TEXT PRIMARY KEY, form TEXT NOT NULL, filters TEXT NOT NULL, state TEXT NOT NULL, done BIGINT NOT NULL,
  total BIGINT NOT NULL, bytes BIGINT NOT NULL, detail TEXT NOT NULL, created_by TEXT NOT NULL, created_at TEXT NOT NULL,
  seen_at TEXT NOT NULL,
  finished_at TEXT
);
CREATE INDEX calls_finished ON calls (finished_at, id);
CREATE INDEX calls_open ON calls (started_at) WHERE finished_at IS NULL;
CREATE INDEX tasks_finished ON tasks (state, finished_at, id);
-- Calls of before: what their attempts know and they did not keep.
UPDATE calls SET
  duration_ms = (SELECT CAST(SUM(a.duration_ms) AS BIGINT) FROM attempts a WHERE a.call_id = calls.id),
  first_byte_ms = (SELECT MAX(a.first_byte_ms) FROM attempts a WHERE a.call_id = calls.id AND a.n = calls.attempts),
  cache_write = (SELECT CAST(COALESCE(SUM(a.cache_write_5m + a.cache_write_1h), 0) AS BIGINT) FROM attempts a
    WHERE a.call_id = calls.id),
  reasoning = (SELECT CAST(COALESCE(SUM(a.reasoning), 0) AS BIGINT) FROM attempts a WHERE a.call_id = calls.id),
  imputed_nano = (SELECT CAST(SUM(a.imputed_nano) AS BIGINT) FROM attempts a WHERE a.call_id = calls.id),
  cost_source = COALESCE((SELECT MAX(a.cost_source) FROM attempts a WHERE a.call_id = calls.id AND a.n = calls.attempts), '')
WHERE duration_ms IS NULL AND finished_at IS NOT NULL;
