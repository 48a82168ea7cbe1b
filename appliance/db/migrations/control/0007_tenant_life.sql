-- Where a tenant is in its life: since when, by whom, until when (grace and trash end), and why it was suspended.
ALTER TABLE tenants ADD COLUMN state_at TEXT NOT NULL DEFAULT '';
ALTER TABLE tenants ADD COLUMN state_by TEXT NOT NULL DEFAULT '';
ALTER TABLE tenants ADD COLUMN state_until TEXT;
ALTER TABLE tenants ADD COLUMN suspended_reason TEXT NOT NULL DEFAULT '';
CREATE INDEX tenants_state ON tenants (state, state_until);
-- What is left of a purged tenant: who, when, how much, and a digest of what went; never the contents.
CREATE TABLE purges (
  tenant_id TEXT PRIMARY KEY, slug TEXT NOT NULL, asked_by TEXT NOT NULL, began_at TEXT NOT NULL, done_at TEXT,
  counts TEXT NOT NULL, files BIGINT NOT NULL, bytes BIGINT NOT NULL, digest TEXT NOT NULL
);
-- Keys for the API of the box: whoever holds one is an owner of the box.
CREATE TABLE box_keys (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, hint TEXT NOT NULL, created_by TEXT NOT NULL,
  created_at TEXT NOT NULL, expires_at TEXT, used_at TEXT, revoked_at TEXT
);
