-- Who may hand work to whom, beyond down the tree: `target` is an agent's id, reports, peers or anyone.
CREATE TABLE policy_edges (
  agent_id TEXT NOT NULL REFERENCES agents (id), target TEXT NOT NULL, verdict TEXT NOT NULL, actor TEXT NOT NULL,
  at TEXT NOT NULL, PRIMARY KEY (agent_id, target)
);
CREATE INDEX agents_manager ON agents (manager_id) WHERE deleted_at IS NULL;
-- The revision of the plan by which a task is split; the run that handed a sub-task out and why; which run of the
-- parent was told last about it, and of what.
ALTER TABLE tasks ADD COLUMN plan_revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE tasks ADD COLUMN handed_by TEXT;
ALTER TABLE tasks ADD COLUMN handed_why TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN heard TEXT NOT NULL DEFAULT '';
-- The list of wakes, newest first. Most became runs, so the walk by id finds those; the others have their own index.
CREATE INDEX wakes_odd ON wakes (state, id) WHERE state <> 'run';
CREATE INDEX wakes_reason ON wakes (reason, id);
CREATE INDEX wakes_agent ON wakes (agent_id, id);
DROP INDEX wakes_task;
CREATE INDEX wakes_task ON wakes (task_id, id);
DROP INDEX wakes_chain;
CREATE INDEX wakes_chain ON wakes (chain, id);
