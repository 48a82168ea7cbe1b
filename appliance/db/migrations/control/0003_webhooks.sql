-- Hooks do more than signal a task's run: `target` says what a delivery does, `signing` how its sender proves itself.
-- `digest` is that of the address; the secrets are sealed, the old one counts until `old_secret_until`.
ALTER TABLE hooks ADD COLUMN target TEXT NOT NULL DEFAULT '';
UPDATE hooks SET target = '{"kind":"signal","task":"' || task_id || '"}';
ALTER TABLE hooks ADD COLUMN signing TEXT NOT NULL DEFAULT '{}';
ALTER TABLE hooks ADD COLUMN secret TEXT NOT NULL DEFAULT '';
ALTER TABLE hooks ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE hooks ADD COLUMN secret_at TEXT;
ALTER TABLE hooks ADD COLUMN old_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE hooks ADD COLUMN old_secret_until TEXT;
ALTER TABLE hooks ADD COLUMN only_if TEXT NOT NULL DEFAULT '';
ALTER TABLE hooks ADD COLUMN idem_path TEXT NOT NULL DEFAULT '';
ALTER TABLE hooks ADD COLUMN same_body_s BIGINT NOT NULL DEFAULT 0;
ALTER TABLE hooks ADD COLUMN per_minute BIGINT NOT NULL DEFAULT 60;
ALTER TABLE hooks ADD COLUMN paused_at TEXT;
ALTER TABLE hooks ADD COLUMN expires_at TEXT;
CREATE INDEX hooks_newest ON hooks (tenant_id, id);
