"""How an instance ends: decided while it is looked at, and done to its task once its nodes are written."""

from appliance import clock
from appliance.db.database import Database
from appliance.domain import approval_uses, endings, events, lifecycle, records, schema, standing, tasks
from appliance.domain.actor import SYSTEM
from appliance.domain.instances import landing, paths
from appliance.domain.instances.rows import Instance
from appliance.domain.instances.walk import Walk
from appliance.domain.workflows import expression_rules
from appliance.errors import Problem


def succeed(walk: Walk) -> None:
    """Every step has ended, none with a failure that counts; the output may still not be what was promised."""
    definition = walk.outline.definition
    try:
        output = given(walk, "") if definition.output is None else walk.value_in("", definition.output)
    except Problem as problem:
        return fail(walk, problem.code, f"The output has no value. {problem.detail}", "")
    if definition.output_schema is not None and (fault := schema.fault(output, definition.output_schema)):
        return fail(walk, "output_misfit", f"The output does not fit its schema: {fault}.", "")
    walk.news |= {"state": "succeeded", "output": output, "finished_at": clock.iso()}


def given(walk: Walk, scope: str) -> object:
    """What the last steps of a block gave: the output of the only one, or each by its name."""
    at = {step_id: paths.path(scope, step_id) for step_id in walk.outline.block(scope).last}
    walk.have(set(at.values()))
    outputs = {step_id: walk.nodes[path].output if path in walk.nodes else None for step_id, path in at.items()}
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs


def fail(walk: Walk, code: str, detail: str, path: str) -> None:
    """What is open ends; what was done is undone as far as the definition says how."""
    walk.stop_all()
    walk.news |= {"failure_code": code, "failure_detail": detail[:2000], "failed_path": path}
    if walk.outline.undone:
        walk.news["state"] = "undoing"
        walk.look(paths.UNDO)
    else:
        failed(walk)


def failed(walk: Walk) -> None:
    walk.news |= {"state": "failed", "finished_at": clock.iso()}


def cancel(walk: Walk) -> None:
    """A person wants no more of it: everything open ends, and nothing is undone."""
    walk.stop_all()
    walk.news |= {"state": "cancelled", "finished_at": clock.iso()}


def stop(db: Database, task_id: str | None, approval_id: str | None, child_id: str | None) -> None:
    """End what a stopped step has at work outside its row."""
    if child_id:
        sql = "SELECT task_id FROM instances WHERE id = :id AND finished_at IS NULL"
        task_id = db.value(sql, {"id": child_id})
    if task_id and tasks.get(db, task_id).open:
        lifecycle.cancel(db, SYSTEM, task_id)
    if approval_id:
        approval_uses.withdraw_one(db, approval_id)


def tell(db: Database, walks: list[Walk]) -> None:
    """The ends, or changes of state, as rows, tasks and whoever waits for them know it. In a transaction."""
    for walk in walks:
        if walk.news:
            _tell(db, walk)
    over = [walk for walk in walks if "finished_at" in walk.news]
    results = {walk.instance.task_id: _result(walk) for walk in over if walk.state == "succeeded"}
    done = endings.finish_plain(db, results)
    for walk in over:
        if walk.instance.task_id not in done:
            _task(db, walk.instance, walk)
    landing.instances(db, [walk.instance.id for walk in over])


def _tell(db: Database, walk: Walk) -> None:
    instance, news = walk.instance, dict(walk.news)
    if "output" in news:
        news["output"] = records.dump(news["output"])
    db.update("instances", {"id": instance.id}, updated_at=clock.iso(), **news)
    if walk.state != instance.state:
        about = {"task_id": instance.task_id, "instance_id": instance.id}
        events.record(db, SYSTEM, f"instance.{walk.state}", **about)


def _result(walk: Walk) -> str:
    return expression_rules.text_of(walk.news["output"])[:100_000]


def _task(db: Database, instance: Instance, walk: Walk) -> None:
    task = tasks.get(db, instance.task_id)
    if walk.state == "succeeded":
        try:
            lifecycle.finish(db, SYSTEM, task, result=_result(walk))
        except Problem as problem:
            lifecycle.put(db, SYSTEM, task, "in_review", blocked_detail=problem.detail, result=_result(walk))
    elif walk.state == "failed":
        standing.block(db, task.id, "needs_decision", why(walk))
    elif task.open:
        lifecycle.cancel(db, SYSTEM, task.id)


def why(walk: Walk) -> str:
    """Which step failed and how, in a sentence."""
    detail = str(walk.news.get("failure_detail", walk.instance.failure_detail))
    path = str(walk.news.get("failed_path", walk.instance.failed_path))
    return f"The step {path} failed: {detail}" if path else detail
