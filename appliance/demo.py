"""Demo mode: the whole product on a throw-away folder, with a sample organisation and the simulated provider."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

from appliance import app, clock, crypto, northwind, northwind_month
from appliance.app import Box, Told
from appliance.db.database import Database
from appliance.domain import (
    agents,
    approvals,
    box_owners,
    budgets,
    checks,
    links,
    members,
    providers,
    samples,
    steps,
    tasks,
    tenants,
    users,
)
from appliance.domain.actor import SYSTEM, Actor, Role
from appliance.domain.agent_forms import LEADING_TOOLS, AgentChange
from appliance.domain.approvals import Ask, Option
from appliance.domain.instances import trying
from appliance.domain.instances.trying import Used
from appliance.domain.provider_forms import ProviderChange
from appliance.domain.tasks import Task
from appliance.domain.tenants import Tenant
from appliance.errors import Problem
from appliance.listening import Address
from appliance.northwind import hand_out
from appliance.settings import Settings

Say = Callable[[str], None]
PATIENCE_S = 120
LINK_HOURS = 48
OWNER: Role = "owner"


class Pace(NamedTuple):
    """`fast` has a month of work done in seconds before the server starts, the same for the same `seed` and day."""

    fast: bool = False
    seed: int = 7


REAL = Pace()


def serve(
    settings: Settings, say: Say, opened: Callable[[str], None], stopping: Callable[[], None], pace: Pace = REAL
) -> None:
    """Fill the folder if it is new, serve it, and tell the story of a first task; `opened` gets that task's link."""
    story = _Story(settings, say, opened, pace)
    app.serve(settings, Told(story.ready, story.prepare, stopping))


class _Story:
    def __init__(self, settings: Settings, say: Say, opened: Callable[[str], None], pace: Pace) -> None:
        self._settings = settings
        self._say = say
        self._opened = opened
        self._pace = pace
        self._first_time = False
        self._token = ""
        self._owner = SYSTEM
        self._box: Box | None = None
        self._tenant: Tenant | None = None

    def prepare(self, box: Box) -> None:
        """Before the server starts: the organisation, its team and its past, queued for the engine."""
        self._box = box
        with box.catalogue.control() as control:
            self._first_time = not tenants.every(control)
        if self._first_time and self._pace.fast:
            past(box, self._pace.seed, self._say)
        elif self._first_time:
            people = _found(box)
            with northwind_db(box) as db:
                _furnish(box, db)
                for work in northwind.HISTORY:
                    hand_out(db, people[0], work)
                _wonder(db, people[0])
        with box.catalogue.control() as control:
            self._tenant = tenants.by_slug(control, northwind.SLUG)
            owner = users.by_email(control, northwind.OWNER)
            self._owner = Actor("member", owner.id, owner.name, "owner")
            self._token = links.new(control, SYSTEM, owner.id, LINK_HOURS)

    def ready(self, address: Address) -> None:
        threading.Thread(target=self._tell, args=(address,), name="demo", daemon=True).start()

    def _tell(self, address: Address) -> None:
        say, link = self._say, address.link
        say(f"AgentHQ demo: {northwind.NAME}, six agents, every model call simulated. Nothing leaves this machine.")
        if not self._first_time:
            say("The folder holds an earlier demo; its work goes on where it was.")
            return self._open_link(f"{link}/enter/{self._token}?next=/t/{northwind.SLUG}/board")
        with self._open() as db:
            _settle(db)
            assert self._box is not None
            providers.change(db, SYSTEM, self._box.vault, samples.ACCOUNT, ProviderChange(pace="real"))
            task = hand_out(db, self._owner, northwind.FIRST)
            say(f"\n#{task.number} {task.title} -> {task.agent_name}")
            if not self._pace.fast:
                # At the other pace there is enough to look at without waiting for this one.
                for line in _outcome(db, _follow(db, task, say)):
                    say(line)
            for work in northwind.LIVE:
                hand_out(db, self._owner, work)
            for slug in northwind.WORKFLOWS:
                say(_started(trying.use(db, self._owner, slug, run=True)))
        self._open_link(f"{link}/enter/{self._token}?next=/t/{northwind.SLUG}/tasks/{task.number}")

    def _open_link(self, link: str) -> None:
        self._say(f"\nOpen  {link}\nStop  Ctrl-C")
        self._opened(link)

    @contextmanager
    def _open(self) -> Iterator[Database]:
        assert self._box is not None and self._tenant is not None
        with self._box.catalogue.open(self._tenant.id) as db:
            yield db


def past(box: Box, seed: int, say: Say) -> list[Actor]:
    """Found Northwind a month ago and let the month pass; its people, the owner first."""
    from appliance import month  # noqa: PLC0415  it loads the engine, which nobody waits for at the other pace

    began, end = clock.monotonic(), clock.now()
    say(f"{month.DAYS} days of work at {northwind.NAME} pass now: the real engine, simulated models …")
    with clock.moved(end - timedelta(days=month.DAYS), end):
        people = _found(box, northwind_month.PEOPLE)
        with northwind_db(box) as db, box.catalogue.hurried(db.name):
            _furnish(box, db)
            providers.change(db, SYSTEM, box.vault, samples.ACCOUNT, ProviderChange(pace="real"))
            month.Month(box, db, people, end, seed).fill()
            _wonder(db, people[0])
            for line in month.told(db):
                say(f"  {line}")
    say(f"  all of it in {clock.monotonic() - began:.1f} s")
    return people


def _found(box: Box, others: Sequence[tuple[str, str, Role]] = ()) -> list[Actor]:
    """The organisation with its owner and `others` (name, e-mail, role); those who may work in it, the owner first."""
    with box.catalogue.control() as control:
        tenant = tenants.create(box.catalogue, control, box.vault, northwind.SLUG, northwind.NAME, simulated=True)
        people = []
        for name, email, role in ((northwind.OWNER_NAME, northwind.OWNER, OWNER), *others):
            # Nobody needs the password: the printed link signs in.
            user = users.create(control, SYSTEM, email, name, crypto.new_key().hex())
            members.join(control, SYSTEM, tenant.id, user.id, role)
            people.append(Actor("member", user.id, name, role))
        box_owners.appoint(control, SYSTEM, people[0].id)
        return [person for person in people if person.role != "viewer"]


@contextmanager
def northwind_db(box: Box) -> Iterator[Database]:
    with box.catalogue.control() as control:
        tenant = tenants.by_slug(control, northwind.SLUG)
    with box.catalogue.open(tenant.id) as db:
        yield db


def _furnish(box: Box, db: Database) -> None:
    samples.add_simulated(db, SYSTEM, box.vault, pace="instant")
    samples.add_team(db, SYSTEM, "sim-standard")
    for slug, model in northwind.MODELS.items():
        agents.change(db, SYSTEM, slug, AgentChange(model=model, max_concurrency=1))
    leader = agents.get(db, northwind.LEADER)
    agents.change(db, SYSTEM, leader.id, AgentChange(tools=[*leader.tools, *LEADING_TOOLS]))
    budgets.put(db, SYSTEM, "tenant", "", "month", budgets.nano(northwind.MONTH_CAP_USD))


def _wonder(db: Database, owner: Actor) -> None:
    """Ideas without an owner, and a question about one of them that waits for a person."""
    [*_, task] = [hand_out(db, owner, work) for work in northwind.IDEAS]
    noor = agents.get(db, "noor")
    options = [Option(value, label) for value, label in northwind.ANSWERS]
    ask = Ask("question", northwind.QUESTION, northwind.QUESTION_DETAIL, options=options)
    actor = Actor("agent", noor.id, noor.name, "operator")
    with db.transaction():
        approvals.ask(db, actor, ask, task_id=task.id, agent_id=noor.id)


def _settle(db: Database) -> None:
    """Wait until the past has happened."""
    until = clock.monotonic() + PATIENCE_S
    busy = "SELECT COUNT(*) AS n FROM runs WHERE state IN ('ready', 'running')"
    while db.value(busy) and clock.monotonic() < until:
        time.sleep(0.05)


def _follow(db: Database, task: Task, say: Say) -> Task:
    """Print each step of the task's run as it is recorded, until the task rests."""
    told: set[str] = set()
    until = clock.monotonic() + PATIENCE_S
    while clock.monotonic() < until:
        task = tasks.get(db, task.id)
        for step in steps.of_run(db, task.run_id or ""):
            if step.key not in told and step.kind != "note":
                told.add(step.key)
                say(f"  {_step_line(step)}")
        if task.state not in ("todo", "in_progress"):
            return task
        time.sleep(0.1)
    raise Problem("unavailable", f"The first task did not end within {PATIENCE_S} s; it is {task.state}.")


def _started(used: Used) -> str:
    assert used.instance
    return f"#{used.instance.number} {used.instance.title} -> the workflow {used.applied.workflow.slug}"


def _step_line(step: steps.Step) -> str:
    if step.kind == "model":
        counted = f"{step.result.get('in', 0):,} in, {step.result.get('out', 0):,} out"
        return f"{step.name:<16} {counted:<24} ${step.cost_nano / budgets.NANO:.4f} simulated"
    return f"{step.name:<16} {step.result.get('preview', '').partition(chr(10))[0][:70]}"


def _outcome(db: Database, task: Task) -> Iterator[str]:
    for check in checks.of_task(db, task.id):
        yield f"  {check.state:<16} {check.sentence}"
    yield f"  {task.state:<16} for ${task.cost_nano / budgets.NANO:.4f} (simulated)"
