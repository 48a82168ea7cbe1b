-- The last time that a request with this key (or with one that begins like it) was refused, and what it was told.
ALTER TABLE api_keys ADD COLUMN refused_at TEXT;
ALTER TABLE api_keys ADD COLUMN refused_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN refused_said TEXT NOT NULL DEFAULT '';
