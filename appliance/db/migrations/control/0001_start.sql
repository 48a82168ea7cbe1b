CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
CREATE TABLE box (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE tenants (
  id TEXT PRIMARY KEY, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL, state TEXT NOT NULL, plan TEXT NOT NULL,
  data_key TEXT NOT NULL, simulated BOOLEAN NOT NULL DEFAULT FALSE, created_at TEXT NOT NULL
);
CREATE TABLE users (
  id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password TEXT NOT NULL,
  theme TEXT NOT NULL DEFAULT 'system', disabled BOOLEAN NOT NULL DEFAULT FALSE, created_at TEXT NOT NULL
);
CREATE TABLE memberships (
  user_id TEXT NOT NULL REFERENCES users (id), tenant_id TEXT NOT NULL REFERENCES tenants (id), role TEXT NOT NULL,
  created_at TEXT NOT NULL, PRIMARY KEY (user_id, tenant_id)
);
CREATE TABLE sessions (
  digest TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), client TEXT NOT NULL, created_at TEXT NOT NULL,
  seen_at TEXT NOT NULL, expires_at TEXT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE TABLE setup_tokens (digest TEXT PRIMARY KEY, expires_at TEXT NOT NULL);
CREATE TABLE login_failures (subject TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX login_failures_subject ON login_failures (subject, at);
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants (id), name TEXT NOT NULL, digest TEXT NOT NULL UNIQUE,
  hint TEXT NOT NULL, role TEXT NOT NULL, agent_id TEXT, gateway_only BOOLEAN NOT NULL DEFAULT FALSE, budget_nano BIGINT,
  created_by TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT, used_at TEXT, revoked_at TEXT
);
CREATE TABLE audit (
  id TEXT PRIMARY KEY, at TEXT NOT NULL, tenant_id TEXT, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL
);
CREATE INDEX audit_tenant ON audit (tenant_id, id);
CREATE TABLE sign_in_links (
  digest TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), expires_at TEXT NOT NULL
);
