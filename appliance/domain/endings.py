"""How a run ends, in the engine's transaction, and what becomes of its task."""

from appliance import clock
from appliance.db.database import Database
from appliance.domain import checks, events, lifecycle, records, runs, standing, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.instances import landing
from appliance.domain.runs import DEADLINE, Run
from appliance.errors import Problem

# Tasks that nothing has to be asked or told about: no check, no blocker either way, no sub-task, no parent but the one
# of a workflow, which hears of its steps all at once.
_PLAIN = """
SELECT t.id FROM tasks t WHERE t.id IN ({names}) AND t.state = 'in_progress'
  AND (t.parent_id IS NULL OR EXISTS (SELECT 1 FROM nodes n WHERE n.task_id = t.id))
  AND NOT EXISTS (SELECT 1 FROM checks c WHERE c.task_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM tasks s WHERE s.parent_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM task_blockers b WHERE b.task_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM task_blockers b WHERE b.blocker_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM approvals p WHERE p.task_id = t.id AND p.state IN ('pending', 'approved'))
"""
_PLAIN_ROOT = """
SELECT t.id FROM tasks t WHERE t.id IN ({names}) AND t.state = 'in_progress' AND t.parent_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM checks c WHERE c.task_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM tasks s WHERE s.parent_id = t.id AND s.state NOT IN ('done', 'cancelled'))
  AND NOT EXISTS (SELECT 1 FROM task_blockers b WHERE b.task_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM task_blockers b WHERE b.blocker_id = t.id)
  AND NOT EXISTS (SELECT 1 FROM approvals p WHERE p.task_id = t.id AND p.state IN ('pending', 'approved'))
"""


def complete(db: Database, run: Run, result: str, verdicts: dict[str, str], plain: bool = False) -> str:
    """A run that succeeded: the task becomes done, or in_review; which of them.

    `verdicts` are the machine's, all passed; a human check, a blocker, an open sub-task or a pending approval leads to
    review. A run that a person stopped meanwhile ends as that and leaves the task where the person put it.
    `plain`: this transaction has found its task so already.
    """
    if not verdicts and (plain or is_plain(db, run.task_id)) and _end_all(db, [run]):
        _finish_all(db, [run], {run.id: result})
        return "done"
    now = runs.get(db, run.id)
    if now.cancel_requested and now.reason != DEADLINE:
        runs.end(db, run, *now.stopped_as)
        return tasks.get(db, run.task_id).state
    checks.keep(db, verdicts, "system")
    runs.end(db, run, "succeeded")
    task = tasks.get(db, run.task_id)
    try:
        lifecycle.finish(db, SYSTEM, task, result=result)
        return "done"
    except Problem as problem:
        lifecycle.put(db, SYSTEM, task, "in_review", blocked_detail=problem.detail, result=result)
        return "in_review"


def is_plain(db: Database, task_id: str) -> bool:
    """Whether nothing has to be asked or told about the task before it is done but the workflow whose step it is."""
    return bool(_plain(db, [task_id]))


def complete_all(db: Database, done: list[tuple[Run, str]]) -> list[Run]:
    """Many runs that succeeded with nothing to judge, in one transaction; those whose fence was lost.

    A batch costs three statements where nothing is attached to the tasks; the others go one by one.
    """
    if not done:
        return []
    results = {run.id: result for run, result in done}
    plain = _plain(db, [run.task_id for run, _ in done])
    ended = _end_all(db, [run for run, _ in done if run.task_id in plain])
    _finish_all(db, ended, results)
    lost = []
    for run, result in done:
        if run.id in {one.id for one in ended}:
            continue
        try:
            complete(db, run, result, {})
        except runs.FenceLost:
            lost.append(run)
    return lost


def _plain(db: Database, task_ids: list[str]) -> set[str]:
    names, params = records.named(task_ids)
    return {row["id"] for row in db.rows(_PLAIN.format(names=names), params)}


def _end_all(db: Database, asked: list[Run]) -> list[Run]:
    """Those of the runs that still were their worker's, and that nobody had asked to stop."""
    if not asked:
        return []
    held = ", ".join(f"(:id{n}, CAST(:fence{n} AS BIGINT))" for n in range(len(asked)))
    params = {f"id{n}": run.id for n, run in enumerate(asked)} | {f"fence{n}": run.fence for n, run in enumerate(asked)}
    sql = f"""UPDATE runs SET state = 'succeeded', lease_until = NULL, lease_owner = '', finished_at = :now,
      failure_code = '', failure_detail = '' WHERE (id, fence) IN (VALUES {held})
      AND state = 'running' AND cancel_requested = FALSE RETURNING id"""
    ended = {row["id"] for row in db.rows(sql, params | {"now": clock.iso()})}
    found = [run for run in asked if run.id in ended]
    events.record_all(db, SYSTEM, "run.succeeded", [run.ids for run in found])
    return found


def finish_plain(db: Database, results: dict[str, str]) -> set[str]:
    """The tasks of workflows that have succeeded, done with these results; those that have more to them are left."""
    if not results:
        return set()
    names, params = records.named(list(results))
    plain = {row["id"] for row in db.rows(_PLAIN_ROOT.format(names=names), params)}
    now = clock.iso()
    sql = """UPDATE tasks SET state = 'done', result = :result, updated_at = :now, finished_at = :now,
      blocked_reason = '', blocked_detail = '' WHERE id = :id"""
    db.execute_all(sql, [{"id": id_, "result": result, "now": now} for id_, result in results.items() if id_ in plain])
    events.record_all(db, SYSTEM, "task.done", [{"task_id": id_} for id_ in results if id_ in plain])
    return plain


def _finish_all(db: Database, ended: list[Run], results: dict[str, str]) -> None:
    if not ended:
        return
    lines = [f"SELECT CAST(:id{n} AS TEXT) AS id, CAST(:result{n} AS TEXT) AS result" for n in range(len(ended))]
    params = {f"id{n}": run.task_id for n, run in enumerate(ended)}
    params |= {f"result{n}": results[run.id] for n, run in enumerate(ended)}
    sql = f"""UPDATE tasks SET state = 'done', result = v.result, updated_at = :now, finished_at = :now,
      blocked_reason = '', blocked_detail = '' FROM ({" UNION ALL ".join(lines)}) AS v WHERE tasks.id = v.id"""
    db.execute(sql, params | {"now": clock.iso()})
    events.record_all(db, SYSTEM, "task.done", [run.ids for run in ended])
    landing.tasks(db, [run.task_id for run in ended])


def fail(db: Database, run: Run, state: str, code: str, detail: str, reason: str) -> None:
    """A run that did not get there: the task is blocked until somebody acts."""
    runs.end(db, run, state, code, detail)
    if tasks.get(db, run.task_id).state == "in_progress":
        standing.block(db, run.task_id, reason, detail, run.id)


def stop(db: Database, run: Run) -> None:
    """A run that was asked to stop, by a person or by its time limit."""
    runs.end(db, run, *runs.get(db, run.id).stopped_as)
