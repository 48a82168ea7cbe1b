-- The tenant's own prices and lists it imported. `prices` is JSON of dollars for a million tokens; an import that a later
-- one has taken the place of is kept under its version in price_imports, its rows are not.
CREATE TABLE prices (
  id TEXT PRIMARY KEY, source TEXT NOT NULL, model TEXT NOT NULL, starts_at TEXT NOT NULL, ends_at TEXT,
  prices TEXT NOT NULL, version TEXT NOT NULL, note TEXT NOT NULL DEFAULT '', created_by TEXT NOT NULL,
  created_at TEXT NOT NULL, UNIQUE (source, model, starts_at)
);
CREATE TABLE price_imports (
  id TEXT PRIMARY KEY, version TEXT NOT NULL, models BIGINT NOT NULL, added BIGINT NOT NULL, changed BIGINT NOT NULL,
  removed BIGINT NOT NULL, digest TEXT NOT NULL, created_by TEXT NOT NULL, created_at TEXT NOT NULL
);
-- What a call was said to cost before and after it was priced anew; `what` is cost, or imputed for its list price.
CREATE TABLE adjustments (
  id TEXT PRIMARY KEY, call_id TEXT NOT NULL REFERENCES calls (id), attempt_id TEXT NOT NULL, what TEXT NOT NULL,
  before_nano BIGINT, after_nano BIGINT NOT NULL, why TEXT NOT NULL, version TEXT NOT NULL, actor TEXT NOT NULL,
  at TEXT NOT NULL
);
CREATE INDEX adjustments_call ON adjustments (call_id, id);
-- A provider that bills another price than the list is told of once for each model and day.
CREATE TABLE price_alarms (
  day TEXT NOT NULL, provider_id TEXT NOT NULL, model TEXT NOT NULL, PRIMARY KEY (day, provider_id, model)
);
ALTER TABLE attempts ADD COLUMN cache_write_5m_nano_mtok BIGINT;
ALTER TABLE attempts ADD COLUMN cache_write_1h_nano_mtok BIGINT;
ALTER TABLE attempts ADD COLUMN lines TEXT NOT NULL DEFAULT '[]';
ALTER TABLE attempts ADD COLUMN shares TEXT NOT NULL DEFAULT '[]';
CREATE INDEX calls_unpriced ON calls (started_at, id) WHERE cost_source = 'unpriced';
UPDATE calls SET
  duration_ms = (SELECT CAST(SUM(a.duration_ms) AS BIGINT) FROM attempts a WHERE a.call_id = calls.id),
  first_byte_ms = (SELECT MAX(a.first_byte_ms) FROM attempts a WHERE a.call_id = calls.id),
  cache_write = COALESCE((SELECT CAST(SUM(a.cache_write_5m + a.cache_write_1h) AS BIGINT) FROM attempts a
    WHERE a.call_id = calls.id), 0),
  reasoning = COALESCE((SELECT CAST(SUM(a.reasoning) AS BIGINT) FROM attempts a WHERE a.call_id = calls.id), 0),
  imputed_nano = (SELECT CAST(SUM(a.imputed_nano) AS BIGINT) FROM attempts a WHERE a.call_id = calls.id),
  cost_source = CASE WHEN cost_nano IS NULL THEN 'unpriced' ELSE COALESCE((SELECT MAX(a.cost_source) FROM attempts a
    WHERE a.call_id = calls.id AND a.cost_source <> 'none'), 'none') END
WHERE state <> 'open' AND cost_source = '';
