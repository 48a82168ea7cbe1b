-- Processes that serve this box, each known by the owner it writes into leases and reservations.
CREATE TABLE workers (
  owner TEXT PRIMARY KEY, host TEXT NOT NULL, place TEXT NOT NULL, pid BIGINT NOT NULL, role TEXT NOT NULL,
  started_at TEXT NOT NULL, seen_at TEXT NOT NULL
);
