"""Our engine on the shop floor, for one row of the table: programs whose workers die when they are told to."""

from collections.abc import Callable
from contextlib import ExitStack

from appliance.domain import claims
from appliance.domain.tasks import Task
from appliance.engine.work import Work
from tests.engine.floor import Dead, Floor
from tests.engine.programs import Act, Program, program

Scenario = Callable[["Stage"], str]
SCENARIOS: dict[str, Scenario] = {}
MANY = 12


def scenario(function: Scenario) -> Scenario:
    """What our engine does in the row of this name, as the canonical outcome."""
    SCENARIOS[function.__name__] = function
    return function


class Stage:
    def __init__(self, floor: Floor, opened: ExitStack) -> None:
        self.floor = floor
        self.db = floor.db
        self._opened = opened
        self.lines: list[str] = []

    def hire(self, act: Act, slug: str = "prog") -> Program:
        return self._opened.enter_context(program(self.floor, act, slug))

    def note(self, line: str, deaths: int = 0) -> Callable[[str], str]:
        """An effect that leaves a line behind; the worker dies after each of the first `deaths`."""

        def do(key: str) -> str:
            self.lines.append(line)
            if self.lines.count(line) <= deaths:
                raise Dead
            return line

        return do

    def carry_out(self, task: Task) -> None:
        """Work until nothing of it is ready, with another worker after each that dies."""
        for _ in range(MANY):
            try:
                self.floor.new_pump("mortal").serve(self.floor.tenant.id)
            except Dead:
                self.floor.take_back()
            if not claims.has_ready(self.db):
                return

    def play(self, act: Act) -> Task:
        task = self.hire(act).task()
        self.carry_out(task)
        return self.floor.now(task)

    def times(self, line: str) -> str:
        count = self.lines.count(line)
        return {1: "done once", 2: "done twice"}.get(count, f"done {count} times")


def two_steps(stage: Stage, deaths: int = 1, effect: str = "idempotent") -> Act:
    """A program of two steps; workers die in the second, after its effect and before its record."""

    def act(work: Work) -> str:
        work.step("first", stage.note("first"))
        return work.step("second", stage.note("second", deaths), effect=effect)

    return act
