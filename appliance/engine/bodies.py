"""Bodies: how the runs of an agent's runtime are carried out."""

from collections.abc import Callable
from typing import NamedTuple

from appliance.engine import loop, step_bodies
from appliance.engine.work import Work


class Body(NamedTuple):
    """`act(work)` gives the result's text, or None when it has ended the run itself.

    A `quick` one never waits for anything outside: its runs are claimed and completed by the batch.
    """

    act: Callable[[Work], str | None]
    quick: bool = False


BUILTIN = "builtin"
BODIES: dict[str, Body] = {BUILTIN: Body(loop.run), "step": Body(step_bodies.run)}


def quick() -> frozenset[str]:
    """The runtimes whose runs may share a claim."""
    return frozenset(runtime for runtime, body in BODIES.items() if body.quick)
