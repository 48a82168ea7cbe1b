"""Getting started: the first steps, as long as one is left."""

from typing import NamedTuple

from appliance.db.database import Database
from appliance.domain import agents, board, providers
from appliance.web.frame import Frame


class First(NamedTuple):
    """A step of getting started."""

    done: bool
    title: str
    text: str
    action: str
    href: str


def left(frame: Frame, db: Database) -> list[First]:
    handed_out = any(board.counts(db).values())
    steps = [
        First(
            bool(providers.all(db)),
            "Connect a model",
            "Your own key, a server on this machine, or the simulated provider that costs nothing.",
            "Add a provider",
            f"{frame.base}/providers/new",
        ),
        First(
            bool(agents.all(db)),
            "Create an agent",
            "Instructions, a model, and what it may spend in a month.",
            "Create an agent",
            f"{frame.base}/agents/new",
        ),
        First(
            handed_out,
            "Hand out a task",
            "Say what you want and how you will know it is done.",
            "New task",
            f"{frame.base}/tasks/new",
        ),
    ]
    return [] if all(step.done for step in steps) else steps
