-- Places backups are kept in, beside the folder `backups` of the box itself. The secret is sealed.
CREATE TABLE backup_targets (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, config TEXT NOT NULL, secret TEXT NOT NULL,
  secret_hint TEXT NOT NULL, host_key TEXT NOT NULL DEFAULT '', created_at TEXT NOT NULL, tested_at TEXT,
  failure TEXT NOT NULL DEFAULT ''
);
-- One row for each copy of a backup; `tenant_id` is 'control' for the box itself. `state`: running, verified, failed.
CREATE TABLE backups (
  id TEXT NOT NULL, target_id TEXT NOT NULL, target TEXT NOT NULL, tenant_id TEXT NOT NULL, at TEXT NOT NULL,
  state TEXT NOT NULL, name TEXT NOT NULL, bytes BIGINT NOT NULL DEFAULT 0, digest TEXT NOT NULL DEFAULT '',
  generation BIGINT NOT NULL DEFAULT 1, schema_version BIGINT NOT NULL DEFAULT 0, epoch BIGINT NOT NULL DEFAULT 0,
  row_count BIGINT NOT NULL DEFAULT 0, seconds DOUBLE PRECISION NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (id, target_id)
);
CREATE INDEX backups_tenant ON backups (tenant_id, at);
CREATE TABLE drills (
  id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, backup_id TEXT NOT NULL, target TEXT NOT NULL, at TEXT NOT NULL,
  ok BOOLEAN NOT NULL, seconds DOUBLE PRECISION NOT NULL, bytes BIGINT NOT NULL DEFAULT 0,
  row_count BIGINT NOT NULL DEFAULT 0, secret_opened BOOLEAN NOT NULL DEFAULT FALSE, note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX drills_tenant ON drills (tenant_id, at);
