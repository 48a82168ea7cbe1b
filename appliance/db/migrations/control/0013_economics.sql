-- What tenants used, day by day in UTC; tenant '' is what the box did for nobody in particular. A purged tenant's stay.
CREATE TABLE tenant_use (
  day TEXT NOT NULL, tenant_id TEXT NOT NULL, pages BIGINT NOT NULL, api BIGINT NOT NULL, gateway BIGINT NOT NULL,
  request_us BIGINT NOT NULL, work_us BIGINT NOT NULL, bytes_in BIGINT NOT NULL, bytes_out BIGINT NOT NULL,
  PRIMARY KEY (day, tenant_id)
);
-- The last reading of each day: bytes kept, and what that day's model calls cost by the tenant's own ledger.
CREATE TABLE tenant_readings (
  day TEXT NOT NULL, tenant_id TEXT NOT NULL, read_at TEXT NOT NULL, bytes BIGINT NOT NULL,
  models_nano BIGINT NOT NULL, simulated_nano BIGINT NOT NULL, PRIMARY KEY (day, tenant_id)
);
-- What the box itself costs, where its owner said so.
CREATE TABLE unit_prices (name TEXT PRIMARY KEY, value TEXT NOT NULL);
