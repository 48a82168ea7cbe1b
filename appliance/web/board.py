"""The board: a tenant's tasks in columns, filtered by the address."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import FromQuery, QueryParameter

from appliance.db.database import Database
from appliance.domain import assignees, board, home_lists
from appliance.domain.task_filter import Filter
from appliance.web import cards, respond
from appliance.web.frame import Frame
from appliance.web.respond import Reply

COLUMNS = ("todo", "in_progress", "blocked", "in_review", "done")
Priority = Annotated[str, QueryParameter(pattern=r"^[0-3]?$")]
Count = Annotated[int, QueryParameter(name="cards", ge=0)]


class BoardPages(Controller):
    path = "/board"

    @get("/", sync_to_thread=True)
    def index(
        self,
        frame: Frame,
        db: Database,
        control: Database,
        q: FromQuery[str] = "",
        assignee: FromQuery[str] = "",
        label: FromQuery[str] = "",
        priority: Priority = "",
        backlog: FromQuery[bool] = False,
        show: FromQuery[str] = "",
        count: Count = 0,
    ) -> Reply:
        wanted = Filter(q.strip(), "", assignee, label.strip(), int(priority) if priority else None)
        return _page(frame, db, control, wanted, backlog, {show: count} if count else {})


def _page(frame: Frame, db: Database, control: Database, wanted: Filter, backlog: bool, more: dict[str, int]) -> Reply:
    people = assignees.all(db, control, frame.tenant.id)
    names = {one.id: one.name for one in people}
    found = board.columns(db, wanted, ("backlog", *COLUMNS) if backlog else COLUMNS, more)
    query = cards.query(wanted, backlog)
    may = frame.person.may("operator")
    return respond.page(
        frame,
        "board/index.html",
        columns=[cards.column(column, frame.base, names, may, query) for column in found],
        totals=board.counts(db),
        waiting=home_lists.needs_person_count(db),
        wanted=wanted,
        backlog=backlog,
        toggle=cards.query(wanted, not backlog),
        assignees=[(one.ref, one.name) for one in people],
    )


PAGES = [BoardPages]
