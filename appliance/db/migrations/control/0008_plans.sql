-- What a plan allows; a limit that is NULL is none. Prices in nano-dollars a month, NULL: agreed with each tenant.
CREATE TABLE plans (
  slug TEXT PRIMARY KEY, name TEXT NOT NULL, place BIGINT NOT NULL, price_nano BIGINT, requests_per_min BIGINT,
  user_requests_per_min BIGINT, key_requests_per_min BIGINT, agents BIGINT, running BIGINT, storage_bytes BIGINT,
  flags TEXT NOT NULL DEFAULT '{}', created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
INSERT INTO plans (slug, name, place, price_nano, requests_per_min, agents, running, storage_bytes, created_at,
  updated_at) VALUES
  ('free', 'Free', 1, 0, 100, 5, 10, 1073741824, '2026-11-27T00:00:00.000000Z', '2026-11-27T00:00:00.000000Z'),
  ('starter', 'Starter', 2, 49000000000, 500, 20, 50, 10737418240, '2026-11-27T00:00:00.000000Z',
    '2026-11-27T00:00:00.000000Z'),
  ('growth', 'Growth', 3, 149000000000, 2000, 100, 200, 53687091200, '2026-11-27T00:00:00.000000Z',
    '2026-11-27T00:00:00.000000Z'),
  ('enterprise', 'Enterprise', 4, NULL, NULL, NULL, NULL, NULL, '2026-11-27T00:00:00.000000Z',
    '2026-11-27T00:00:00.000000Z');
-- A tenant's own limits and switches by name, instead of its plan's; null is no limit.
ALTER TABLE tenants ADD COLUMN own_limits TEXT NOT NULL DEFAULT '{}';
ALTER TABLE tenants ADD COLUMN own_flags TEXT NOT NULL DEFAULT '{}';
-- What is stored, as last measured; `storage_level` is the highest threshold in percent that was told of.
ALTER TABLE tenants ADD COLUMN files_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN stored_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN storage_level BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN measured_at TEXT;
UPDATE tenants SET plan = 'enterprise' WHERE plan NOT IN ('free', 'starter', 'growth', 'enterprise');
