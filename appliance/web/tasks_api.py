"""Tasks over HTTP; the pages are in tasks.py."""

from pathlib import Path
from typing import Annotated, Any

from litestar import Controller, delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, QueryParameter

from appliance.db.database import Database
from appliance.domain import (
    assignees,
    blockers,
    board,
    checks,
    comments,
    lifecycle,
    runs,
    task_tree,
    tasks,
    wake_rows,
    why,
)
from appliance.domain.actor import Actor
from appliance.domain.check_forms import NewCheck, Waiver
from appliance.domain.checks import Check
from appliance.domain.comments import NewComment
from appliance.domain.task_filter import Filter
from appliance.domain.task_forms import NewTask, TaskChange
from appliance.domain.tenants import Tenant
from appliance.domain.why import Why
from appliance.web import money, respond, task_files, task_shape, waiting
from appliance.web.access import Ask
from appliance.web.idempotency import Once
from appliance.web.respond import Reply
from appliance.web.services import Services

Ref = FromPath[str]
Seconds = Annotated[int, QueryParameter(ge=0, le=waiting.MOST_SECONDS)]
Priority = Annotated[int | None, QueryParameter(ge=0, le=3)]
# The framework keeps the name `state` for itself.
State = Annotated[str, QueryParameter(name="state")]
Items = dict[str, Any]


class TasksApi(Controller):
    path = "/tasks"
    tags = ["tasks"]
    opt = {"writes": "operator"}

    @get("/", sync_to_thread=True, summary="Tasks, newest first")
    def listing(
        self,
        db: Database,
        q: FromQuery[str] = "",
        in_state: State = "",
        assignee: FromQuery[str] = "",
        label: FromQuery[str] = "",
        parent_id: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
        limit: FromQuery[int] = 50,
        priority: Priority = None,
    ) -> Items:
        wanted = Filter(q, in_state, assignee, label, priority, parent_id)
        return task_shape.page(board.find(db, wanted, respond.limit(limit), cursor))

    @post("/", sync_to_thread=True, summary="Hand out a task; it starts when an agent is assigned")
    def create(self, db: Database, control: Database, tenant: Tenant, actor: Actor, once: Once, data: NewTask) -> Reply:
        assignees.check(control, tenant.id, data.assignee)
        return once.created(lambda: task_shape.task(tasks.create(db, actor, data)))

    @get("/{ref:str}", summary="One task; with `wait`, once it has ended or after so many seconds")
    async def one(self, request: Ask, ref: Ref, wait: Seconds = 0) -> Items:
        return task_shape.task(await waiting.until_ended(request, ref, wait))

    @patch("/{ref:str}", sync_to_thread=True, summary="Change a task")
    def change(
        self, db: Database, control: Database, tenant: Tenant, actor: Actor, ref: Ref, data: TaskChange
    ) -> Items:
        assignees.check(control, tenant.id, data.assignee)
        return task_shape.task(tasks.change(db, actor, ref, data))

    @post("/{ref:str}/start", status_code=200, sync_to_thread=True, summary="Queue a run")
    def start(self, db: Database, actor: Actor, ref: Ref) -> Items:
        return task_shape.task(lifecycle.start(db, actor, ref))

    @post("/{ref:str}/retry", status_code=200, sync_to_thread=True, summary="Another run after one that ended")
    def retry(self, db: Database, actor: Actor, ref: Ref) -> Items:
        return task_shape.task(lifecycle.retry(db, actor, ref))

    @post("/{ref:str}/cancel", status_code=200, sync_to_thread=True, summary="End the task and its run")
    def cancel(self, db: Database, actor: Actor, ref: Ref) -> Items:
        return task_shape.task(lifecycle.cancel(db, actor, ref))

    @post("/{ref:str}/approve", status_code=200, sync_to_thread=True, summary="Accept a result in review")
    def approve(self, db: Database, actor: Actor, ref: Ref) -> Items:
        return task_shape.task(lifecycle.approve(db, actor, ref))

    @post("/{ref:str}/reopen", status_code=200, sync_to_thread=True, summary="Take an ended task up again")
    def reopen(self, db: Database, actor: Actor, ref: Ref) -> Items:
        return task_shape.task(lifecycle.reopen(db, actor, ref))

    @get("/{ref:str}/why", sync_to_thread=True, summary="Why the task stands where it stands")
    def why(self, db: Database, ref: Ref) -> Why:
        return why.why(db, tasks.get(db, ref))

    @get("/{ref:str}/wakes", sync_to_thread=True, summary="What woke its agent, newest first, and what became of that")
    def wakes(self, db: Database, ref: Ref) -> Items:
        return {"items": wake_rows.of_task(db, tasks.get(db, ref).id), "next_cursor": None}

    @get("/{ref:str}/tree", sync_to_thread=True, summary="The task with everything below it")
    def tree(self, db: Database, ref: Ref) -> Items:
        return task_shape.tree(task_tree.of(db, ref))

    @get("/{ref:str}/runs", sync_to_thread=True, summary="The runs of a task, newest first")
    def runs(self, db: Database, ref: Ref) -> Items:
        return money.with_usd({"items": runs.of_task(db, tasks.get(db, ref).id), "next_cursor": None})  # type: ignore[no-any-return]

    @get("/{ref:str}/comments", sync_to_thread=True, summary="Comments, oldest first")
    def comments(self, db: Database, ref: Ref) -> Items:
        return {"items": comments.of_task(db, tasks.get(db, ref).id), "next_cursor": None}

    @post("/{ref:str}/comments", sync_to_thread=True, summary="Write a comment")
    def comment(self, db: Database, actor: Actor, once: Once, ref: Ref, data: NewComment) -> Reply:
        return once.created(lambda: comments.add(db, actor, tasks.get(db, ref).id, data.body))

    @put(
        "/{ref:str}/blockers/{blocker:str}",
        status_code=204,
        sync_to_thread=True,
        summary="Let one task wait for another",
    )
    def block(
        self, db: Database, actor: Actor, ref: Ref, blocker: FromPath[str], on_cancel: FromQuery[str] = "hold"
    ) -> None:
        blockers.put(db, actor, ref, blocker, on_cancel)

    @delete("/{ref:str}/blockers/{blocker:str}", sync_to_thread=True, summary="Stop waiting for it")
    def unblock(self, db: Database, actor: Actor, ref: Ref, blocker: FromPath[str]) -> None:
        blockers.remove(db, actor, ref, blocker)

    @get("/{ref:str}/checks", sync_to_thread=True, summary="Acceptance checks with their verdicts")
    def checks(self, db: Database, ref: Ref) -> dict[str, list[Check]]:
        return {"items": checks.of_task(db, tasks.get(db, ref).id)}

    @post("/{ref:str}/checks", sync_to_thread=True, summary="Add an acceptance check")
    def add_check(self, db: Database, actor: Actor, once: Once, ref: Ref, data: NewCheck) -> Reply:
        return once.created(lambda: tasks.add_checks(db, actor, ref, [data])[-1])

    @post("/{ref:str}/checks/{check:str}/waive", status_code=200, sync_to_thread=True, summary="Do without a check")
    def waive(self, db: Database, actor: Actor, ref: Ref, check: FromPath[str], data: Waiver) -> Check:
        found = checks.get(db, tasks.get(db, ref).id, check)
        checks.waive(db, actor, found.id, data.reason)
        return checks.get(db, found.task_id, found.id)

    @get("/{ref:str}/files", sync_to_thread=True, summary="Files of the task's workspace")
    def files(self, db: Database, services: Services, tenant: Tenant, ref: Ref) -> Items:
        return {"items": task_files.listing(services.catalogue.files(tenant.id), tasks.get(db, ref))}

    @get("/{ref:str}/files/{path:path}", sync_to_thread=True, summary="Download one file")
    def file(self, db: Database, services: Services, tenant: Tenant, ref: Ref, path: FromPath[Path]) -> Reply:
        found = tasks.get(db, ref)
        return task_files.download(services.catalogue.files(tenant.id), found, path.as_posix())
