-- Calendars that start work. `next_due` is the next time of the calendar, `fire_at` the same with its jitter, and
-- `reckoned_at` is when they were worked out, so that a clock that was wrong then is noticed.
CREATE TABLE schedules (
  id TEXT PRIMARY KEY, slug TEXT NOT NULL, name TEXT NOT NULL, spec TEXT NOT NULL, zone TEXT NOT NULL,
  target TEXT NOT NULL, overlap TEXT NOT NULL, catch_up_s BIGINT NOT NULL, jitter_s BIGINT NOT NULL,
  pause_after BIGINT NOT NULL, starts_at TEXT, ends_at TEXT, remaining BIGINT, state TEXT NOT NULL,
  note TEXT NOT NULL DEFAULT '', failures BIGINT NOT NULL DEFAULT 0, next_due TEXT, fire_at TEXT,
  reckoned_at TEXT NOT NULL, created_by TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX schedules_slug ON schedules (slug) WHERE state <> 'removed';
CREATE INDEX schedules_fire ON schedules (fire_at) WHERE state = 'active';
CREATE INDEX schedules_reckoned ON schedules (reckoned_at) WHERE state = 'active';
-- One time of a schedule and what became of it: `due_at` is the calendar's, or the moment of a run by hand.
-- `ended_at` is when its work ended; `number` counts the times that one line of missed ones stands for.
CREATE TABLE ticks (
  schedule_id TEXT NOT NULL REFERENCES schedules (id), due_at TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL,
  overlap TEXT NOT NULL, task_id TEXT REFERENCES tasks (id), instance_id TEXT REFERENCES instances (id),
  code TEXT NOT NULL DEFAULT '', detail TEXT NOT NULL DEFAULT '', number BIGINT NOT NULL DEFAULT 1,
  noted_at TEXT NOT NULL, started_at TEXT, ended_at TEXT, PRIMARY KEY (schedule_id, due_at, kind)
);
CREATE INDEX ticks_open ON ticks (schedule_id, due_at) WHERE task_id IS NOT NULL AND ended_at IS NULL;
CREATE INDEX ticks_waiting ON ticks (schedule_id, due_at) WHERE state = 'buffered';
CREATE INDEX ticks_task ON ticks (task_id) WHERE task_id IS NOT NULL;
