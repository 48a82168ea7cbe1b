"""Tasks and their sub-tasks."""

from appliance.domain import tasks
from appliance.domain.task_forms import NewTask
from appliance.domain.tasks import Task
from appliance.engine.work import Work
from tests.engine.programs import Act
from tests.semantics.ours.stage import Stage, scenario


def _splits(stage: Stage, deaths: int) -> Act:
    """Makes three sub-tasks of its task, one after the other; its worker dies after the second."""

    def act(work: Work) -> str:
        for n in range(3):
            work.step(f"child {n}", lambda key: _sub_task(stage, work), effect="tx")
            if n == 1:
                work.step("between", stage.note("between", deaths))
        return "split"

    return act


def _sub_task(stage: Stage, work: Work) -> str:
    """In the transaction that records the step."""
    new = NewTask("Part", assignee="ada", parent_id=work.journal.run.task_id, start=False)
    return tasks.create(work.journal.db, stage.floor.actor, new).id


def _children(stage: Stage, task: Task) -> list[Task]:
    return tasks.children(stage.db, task.id)


@scenario
def children_after_a_kill(stage: Stage) -> str:
    task = stage.play(_splits(stage, deaths=1))
    assert stage.times("between") == "done twice"
    return f"{len(_children(stage, task))} children in all"


@scenario
def parent_done_before_its_child(stage: Stage) -> str:
    task = stage.play(_splits(stage, deaths=0))
    open_ = all(child.open for child in _children(stage, task))
    assert (stage.floor.run(task).state, task.state, open_) == ("succeeded", "in_review", True)
    return "the parent stays in review until its child ends"
