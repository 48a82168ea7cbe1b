-- A run comes into each of these and leaves it: one tells who is at work, for which account, and how long it may be.
DROP INDEX runs_at_work;
DROP INDEX runs_account;
DROP INDEX runs_running;
CREATE INDEX runs_at_work ON runs (agent_id, provider_id, lease_until) WHERE state = 'running';
-- Only routes ask where a session was before.
DROP INDEX decisions_session;
CREATE INDEX decisions_session ON decisions (session_id, asked, at) WHERE session_id <> '' AND alias <> '';
