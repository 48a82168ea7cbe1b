"""What a body gets to carry out a run with, and how it says what came of it."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from appliance.calls import Calls
from appliance.db.database import Row
from appliance.domain.approvals import Approval, Ask
from appliance.domain.blobs import restore
from appliance.domain.steps import Message, Step
from appliance.doors import Halt
from appliance.engine import effects, waiting
from appliance.engine.effects import Act
from appliance.engine.journal import Journal
from appliance.engine.planner import Verdict

T = TypeVar("T")


class Stopping(Exception):
    """The server is shutting down; the run is given back between two steps."""


class Ended(Exception):
    """The run ends or waits as the verdict says."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.code)
        self.verdict = verdict


class Work(NamedTuple):
    """A claimed run. Whatever a body does through these is recorded once and not done again.

    `looked` is what its claim has read for its briefing.
    """

    journal: Journal
    calls: Calls
    stopping: Halt
    looked: Row | None = None

    def check(self, looked: tuple[bool, bool] | None = None) -> None:
        """Between two steps: raises Stopping, Cancelled or FenceLost. `looked` is for who has just asked the row."""
        if self.stopping.is_set():
            raise Stopping
        self.journal.check(looked)

    def step(
        self,
        name: str,
        do: Callable[[str], T],
        given: Any = None,
        effect: str = "idempotent",
        find: Callable[[str], T | None] | None = None,
    ) -> T:
        """The value of `do(key)`, which must be plain JSON; see engine/effects.py for the classes."""

        def keep(value: T) -> tuple[dict[str, Any], list[Message]]:
            return {"value": value}, []

        def recall(step: Step) -> T:
            value: T = restore(self.journal.files, step.result["value"])
            return value

        self.check()
        return effects.perform(self.journal, Act("step", name, effect, given, do, keep, recall, find))

    def sleep(self, name: str, seconds: float) -> None:
        """Go on after `seconds`, also when the box was down meanwhile."""
        self.check()
        waiting.sleep(self.journal, name, seconds)

    def signal(self, name: str, seconds: float | None = None) -> Any:
        """The payload of the next signal of this name, or None after `seconds`."""
        self.check()
        return waiting.signal(self.journal, name, seconds)

    def approval(self, name: str, ask: Ask) -> Approval:
        """What a person decided about `ask`; recorded, so that it is asked once."""
        self.check()
        return waiting.approval(self.journal, name, ask)
