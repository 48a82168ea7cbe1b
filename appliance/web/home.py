"""Home: what is running, what needs a person, what today has cost."""

from typing import Any, NamedTuple

from litestar import Controller, get

from appliance.db.database import Database
from appliance.domain import board, home_lists, members, why
from appliance.domain.analytics import usage
from appliance.domain.instances import shown
from appliance.domain.tasks import Task
from appliance.domain.why import Why
from appliance.web import cards, first_steps, respond, task_page
from appliance.web.acts import Act
from appliance.web.cards import Card
from appliance.web.frame import Frame
from appliance.web.respond import Reply

DAYS = 14


class Ask(NamedTuple):
    """A task that waits for a person, with the one thing to do."""

    task: Task
    card: Card
    why: Why
    act: Act | None


class HomePages(Controller):
    path = "/"

    @get("/", sync_to_thread=True)
    def index(self, frame: Frame, db: Database, control: Database) -> Reply:
        names = {member.id: member.name for member in members.every(control, frame.tenant.id)}
        return respond.page(frame, "home/index.html", **_context(frame, db, names))


def _context(frame: Frame, db: Database, names: dict[str, str]) -> dict[str, Any]:
    running, finished = home_lists.in_flight(db), home_lists.finished(db)
    return {
        "running": [(task, _card(frame, task, names)) for task in running],
        # Nobody is assigned to a workflow's own task, and its steps spend the money.
        "flows": shown.roots(db, [task.id for task in (*running, *finished)]),
        "asks": [_ask(frame, db, task, names) for task in home_lists.needs_person(db)],
        "waiting": home_lists.needs_person_count(db),
        "finished": [(task, _card(frame, task, names)) for task in finished],
        "today": usage.today(db),
        "days": usage.days(db, DAYS),
        "totals": board.counts(db),
        "first": first_steps.left(frame, db),
    }


def _card(frame: Frame, task: Task, names: dict[str, str]) -> Card:
    return cards.card(task, frame.base, names, may_move=False)


def _ask(frame: Frame, db: Database, task: Task, names: dict[str, str]) -> Ask:
    found = why.why(db, task)
    return Ask(task, _card(frame, task, names), found, task_page.act_of(db, found, task, frame.base))


PAGES = [HomePages]
