-- Who is responsible for a decision: told before it expires, whom it was meant for first, and what was decided last.
ALTER TABLE approvals ADD COLUMN warn_at TEXT;
ALTER TABLE approvals ADD COLUMN passed_from TEXT;
CREATE INDEX approvals_warn ON approvals (state, warn_at) WHERE warn_at IS NOT NULL;
CREATE INDEX approvals_decided ON approvals (decided_at, id) WHERE decided_at IS NOT NULL;
-- Members who are away, and who stands in for them.
CREATE TABLE absences (
  member TEXT PRIMARY KEY, until TEXT NOT NULL, stand_in TEXT, updated_at TEXT NOT NULL
);
-- Failures that a member has seen by `at` and wants to see again later.
CREATE TABLE snoozes (
  member TEXT NOT NULL, item_id TEXT NOT NULL, at TEXT NOT NULL, until TEXT NOT NULL, PRIMARY KEY (member, item_id)
);
-- Where notices go beside e-mail: of one member, or of the tenant when `member` is ''. `private` says that somebody who
-- may do so has allowed addresses that are not public.
CREATE TABLE notice_channels (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, member TEXT NOT NULL DEFAULT '', name TEXT NOT NULL, url TEXT NOT NULL,
  topic TEXT NOT NULL DEFAULT '', secret TEXT NOT NULL DEFAULT '', secret_hint TEXT NOT NULL DEFAULT '',
  generation BIGINT NOT NULL DEFAULT 1, kinds TEXT NOT NULL DEFAULT '[]', private BOOLEAN NOT NULL DEFAULT FALSE,
  created_by TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE INDEX notice_channels_member ON notice_channels (member, name);
-- What a member wants to hear of, where, and when not; `digest_due` is when their daily summary is next made.
CREATE TABLE notice_wishes (
  member TEXT PRIMARY KEY, wishes TEXT NOT NULL, digest_due TEXT, updated_at TEXT NOT NULL
);
CREATE INDEX notice_wishes_due ON notice_wishes (digest_due) WHERE digest_due IS NOT NULL;
-- The outbox: a row for each event, receiver and channel, written in the transaction that marks the event as read.
-- `channel` is email or the id of a channel; `due_at` is when to send, when quiet hours end, or when a sender is given
-- up for dead; the id is what receivers know a repeated delivery by.
CREATE TABLE notices (
  id TEXT PRIMARY KEY, seq BIGINT NOT NULL, event TEXT NOT NULL, kind TEXT NOT NULL, member TEXT NOT NULL DEFAULT '',
  channel TEXT NOT NULL, target TEXT NOT NULL, approval_id TEXT, content TEXT NOT NULL, state TEXT NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0, tries BIGINT NOT NULL DEFAULT 0, due_at TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '', digest_id TEXT, created_at TEXT NOT NULL, settled_at TEXT
);
CREATE UNIQUE INDEX notices_once ON notices (seq, member, channel) WHERE seq > 0;
CREATE INDEX notices_due ON notices (due_at) WHERE state IN ('queued', 'sending', 'held');
CREATE INDEX notices_member ON notices (member, id);
CREATE INDEX notices_state ON notices (state, id);
-- Nobody is told of what happened before there were notices.
INSERT INTO counters (name, value) SELECT 'notice', COALESCE(MAX(seq), 0) FROM events;
