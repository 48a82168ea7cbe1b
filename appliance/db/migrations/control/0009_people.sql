-- People: invitations, a second step at sign-in, links to a new password, and the two secrets of a key that is rotated.
CREATE TABLE invitations (
  id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants (id), email TEXT NOT NULL, role TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE, invited_by TEXT NOT NULL, created_at TEXT NOT NULL, sent_at TEXT NOT NULL,
  expires_at TEXT NOT NULL, mailed BOOLEAN NOT NULL DEFAULT FALSE, accepted_at TEXT, revoked_at TEXT
);
CREATE INDEX invitations_tenant ON invitations (tenant_id, id);
CREATE TABLE password_links (
  digest TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), expires_at TEXT NOT NULL
);
-- The secret is sealed for the box. It counts from `totp_at` on; `totp_step` is the last step of time that was used.
ALTER TABLE users ADD COLUMN totp_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN totp_at TEXT;
ALTER TABLE users ADD COLUMN totp_step BIGINT NOT NULL DEFAULT 0;
CREATE TABLE recovery_codes (
  digest TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id)
);
CREATE INDEX recovery_codes_user ON recovery_codes (user_id);
-- The password was right; the code is still to come.
CREATE TABLE second_steps (
  digest TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), expires_at TEXT NOT NULL
);
ALTER TABLE tenants ADD COLUMN require_totp BOOLEAN NOT NULL DEFAULT FALSE;
-- While a key is rotated its old secret counts until a moment that the person chose.
ALTER TABLE api_keys ADD COLUMN old_digest TEXT;
ALTER TABLE api_keys ADD COLUMN old_hint TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN old_until TEXT;
ALTER TABLE api_keys ADD COLUMN old_used_at TEXT;
CREATE INDEX api_keys_old_digest ON api_keys (old_digest);
