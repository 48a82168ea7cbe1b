-- What is wrong with the box as a whole: raised once, cleared when it is over, told again each day until then.
CREATE TABLE alerts (
  id TEXT PRIMARY KEY, rule TEXT NOT NULL, subject TEXT NOT NULL, severity TEXT NOT NULL, said TEXT NOT NULL,
  raised_at TEXT NOT NULL, told_at TEXT NOT NULL, acknowledged_at TEXT, acknowledged_by TEXT NOT NULL DEFAULT '',
  cleared_at TEXT
);
CREATE UNIQUE INDEX alerts_open ON alerts (rule, subject) WHERE cleared_at IS NULL;
CREATE INDEX alerts_newest ON alerts (raised_at, id);
-- Where alerts go; `url` is an address of e-mail for the kind email. Secrets are sealed with the key of the box.
CREATE TABLE alert_channels (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL, topic TEXT NOT NULL,
  secret TEXT NOT NULL, secret_hint TEXT NOT NULL, created_by TEXT NOT NULL, created_at TEXT NOT NULL
);
-- One message about one alert to one channel; `due_at` of one that is being sent is the end of its lease.
CREATE TABLE alert_letters (
  id TEXT PRIMARY KEY, alert_id TEXT NOT NULL, channel_id TEXT NOT NULL, event TEXT NOT NULL, state TEXT NOT NULL,
  tries BIGINT NOT NULL DEFAULT 0, attempts BIGINT NOT NULL DEFAULT 0, due_at TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '', created_at TEXT NOT NULL, settled_at TEXT
);
CREATE INDEX alert_letters_due ON alert_letters (due_at) WHERE state IN ('queued', 'sending');
-- Signs of life of the parts that work beside the pages: `scheduler` and `queue`, one line for each process.
CREATE TABLE heartbeats (part TEXT NOT NULL, owner TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (part, owner));
