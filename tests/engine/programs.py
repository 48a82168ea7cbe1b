"""Agents whose runs a test carries out itself, step by step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.domain import tasks
from appliance.domain.steps import Step
from appliance.domain.task_forms import NewTask
from appliance.domain.tasks import Task
from appliance.engine import bodies
from appliance.engine.bodies import Body
from appliance.engine.work import Work
from tests.engine.floor import Dead, Floor

Act = Callable[[Work], str | None]


class Program:
    """An agent on the floor that runs `act`; `change` gives it another one, as a new version of the program would."""

    def __init__(self, floor: Floor, slug: str, act: Act, quick: bool) -> None:
        self.floor = floor
        self.slug = slug
        floor.agent(slug)
        floor.db.update("agents", {"slug": slug}, runtime=slug)
        self.quick = quick
        self.change(act)

    def change(self, act: Act) -> None:
        bodies.BODIES[self.slug] = Body(act, self.quick)

    def task(self, **fields: object) -> Task:
        given = {"title": "Program", "assignee": self.slug} | fields
        return tasks.create(self.floor.db, self.floor.actor, NewTask(**given))  # type: ignore[arg-type]

    def done(self, **fields: object) -> Task:
        task = self.task(**fields)
        self.floor.work()
        return self.floor.now(task)

    def killed(self, task: Task) -> None:
        """One worker starts on it and dies where the program raises Dead; its lease is void then."""
        try:
            self.floor.new_pump("mortal").serve(self.floor.tenant.id)
        except Dead:
            self.floor.take_back()
        else:
            raise AssertionError("the program did not die")


@contextmanager
def program(floor: Floor, act: Act, slug: str = "prog", quick: bool = False) -> Iterator[Program]:
    made = Program(floor, slug, act, quick)
    try:
        yield made
    finally:
        del bodies.BODIES[slug]


def states(steps: list[Step]) -> list[tuple[str, str]]:
    return [(step.key, step.state) for step in steps]


class World:
    """Something outside that is changed for good: one line for each time it was."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()

    def change(self, what: str) -> str:
        with self._path.open("a") as file:
            file.write(what + "\n")
        return f"changed {what}"

    @property
    def changes(self) -> list[str]:
        return self._path.read_text().splitlines()
