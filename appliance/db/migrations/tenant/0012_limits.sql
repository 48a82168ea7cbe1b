-- What a budget does when it is reached, how strictly it is kept, and from where on it counts after it was set back.
ALTER TABLE budgets ADD COLUMN action TEXT NOT NULL DEFAULT 'pause';
ALTER TABLE budgets ADD COLUMN downgrade_to TEXT NOT NULL DEFAULT '';
ALTER TABLE budgets ADD COLUMN strict BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE budgets ADD COLUMN reset_from TEXT NOT NULL DEFAULT '';
ALTER TABLE budgets ADD COLUMN reset_nano BIGINT NOT NULL DEFAULT 0;
-- Quarters of an hour carry the rolling spans; what came before is known by the hour.
INSERT INTO spent (scope, scope_id, span, starts, settled_nano)
  SELECT scope, scope_id, 'quarter', starts, settled_nano FROM spent WHERE span = 'hour';
-- What each model cost, by the calendar of UTC, as the other scopes were counted when they began.
INSERT INTO spent (scope, scope_id, span, starts, settled_nano)
WITH paid (model, at, nano) AS (
  SELECT a.model_requested, c.finished_at, COALESCE(a.cost_nano, c.estimate_nano)
  FROM calls c JOIN attempts a ON a.call_id = c.id WHERE c.state <> 'open'),
spans (model, span, starts, nano) AS (
  SELECT model, 'quarter', SUBSTR(at, 1, 13) || ':00:00.000000Z', nano FROM paid
  UNION ALL SELECT model, 'hour', SUBSTR(at, 1, 13) || ':00:00.000000Z', nano FROM paid
  UNION ALL SELECT model, 'day', SUBSTR(at, 1, 10) || 'T00:00:00.000000Z', nano FROM paid
  UNION ALL SELECT model, 'month', SUBSTR(at, 1, 7) || '-01T00:00:00.000000Z', nano FROM paid
  UNION ALL SELECT model, 'lifetime', '', nano FROM paid)
SELECT 'model', model, span, starts, CAST(SUM(nano) AS BIGINT) FROM spans GROUP BY model, span, starts;
-- The model a run that waits for money would call: budgets are set on models too.
ALTER TABLE runs ADD COLUMN needs_model TEXT NOT NULL DEFAULT '';
-- The kill switch: no call that counts on one of these is sent, and those under way are ended.
CREATE TABLE stops (
  scope TEXT NOT NULL, scope_id TEXT NOT NULL, note TEXT NOT NULL, stopped_by TEXT NOT NULL, stopped_at TEXT NOT NULL,
  PRIMARY KEY (scope, scope_id)
);
-- Requests and tokens a minute and calls at the same time; NULL is no limit.
CREATE TABLE rate_limits (
  scope TEXT NOT NULL, scope_id TEXT NOT NULL, requests BIGINT, tokens BIGINT, parallel BIGINT,
  updated_at TEXT NOT NULL, PRIMARY KEY (scope, scope_id)
);
-- How full each limit is: `used` at the moment `at` (seconds since 1970), running empty within a minute.
CREATE TABLE rate_levels (
  scope TEXT NOT NULL, scope_id TEXT NOT NULL, kind TEXT NOT NULL, used DOUBLE PRECISION NOT NULL,
  at DOUBLE PRECISION NOT NULL, PRIMARY KEY (scope, scope_id, kind)
);
-- What was told of last, by name, so that it is told once.
CREATE TABLE told (name TEXT PRIMARY KEY, value TEXT NOT NULL);
