"""Which steps of a block may start, which no longer can, and whether it has ended: pure, from states alone."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from appliance.domain.workflows.definition import Join, Step

ENDED = ("done", "failed", "skipped", "cancelled")
States = dict[str, str]


class Decision(NamedTuple):
    """What to do in a block now, by the ids of its steps.

    `failed` is the step whose failure the block can't bear; then nothing else is to be done. `stop` are at work and
    needed by nobody any more. The block has `ended` when every step has, and none is to start.
    """

    start: list[str]
    skip: list[str]
    stop: list[str]
    ended: bool
    failed: str = ""


class Items(NamedTuple):
    """How many items a map has, and how many of them have ended well, have not, or are at work."""

    total: int
    done: int
    failed: int
    open: int

    @property
    def hopeful(self) -> int:
        return self.total - self.failed


class Block:
    """A list of steps: each by its id, the steps that need it, and those that need none."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps
        self.by_id = {step.id: step for step in steps}
        self.place = {step.id: n for n, step in enumerate(steps)}
        self.users: dict[str, list[str]] = {step.id: [] for step in steps}
        for step in steps:
            for need in step.needs:
                self.users[need].append(step.id)
        self.first = [step.id for step in steps if not step.needs]
        # What the steps that no other needs give is what the block gives.
        self.last = [step.id for step in steps if not self.users[step.id]]

    def downstream(self, step_id: str) -> set[str]:
        """The step and all that need it, directly or not."""
        found, ahead = set[str](), [step_id]
        while ahead:
            one = ahead.pop()
            if one not in found:
                found.add(one)
                ahead += self.users[one]
        return found


def decide(block: Block, states: States, touched: Iterable[str] | None = None) -> Decision:
    """`states` holds the state of each step that has started or was skipped.

    `touched` are the steps that have changed since this was asked last; None looks at all.
    """
    failed = [step_id for step_id, state in states.items() if state == "failed"]
    if failed and (unbearable := [one for one in failed if _unbearable(block, one, states)]):
        return Decision([], [], [], False, min(unbearable, key=block.place.__getitem__))
    known, changed = dict(states), set[str]()
    ahead = [*states, *block.first] if touched is None else list(touched)
    while ahead:
        # One step that is skipped or starts may settle others.
        ahead = _settle(block, known, states, ahead)
        changed.update(ahead)
    new = {step_id: known[step_id] for step_id in sorted(changed, key=block.place.__getitem__)}
    return Decision(
        [step_id for step_id, state in new.items() if state == "running"],
        [step_id for step_id, state in new.items() if state == "skipped"],
        [step_id for step_id, state in new.items() if state == "cancelled"],
        len(known) == len(block.steps) and all(state in ENDED for state in known.values()),
    )


def items(counted: Items, join: Join, least: int) -> Literal["open", "done", "failed"]:
    """How a map stands."""
    ended = counted.done + counted.failed == counted.total
    if join == "collect":
        return "done" if ended else "open"
    wanted = {"all": counted.total, "any": 1, "least": least}[join]
    if counted.hopeful < wanted:
        return "failed"
    return "done" if counted.done >= wanted else "open"


def _settle(block: Block, known: States, states: States, ahead: list[str]) -> list[str]:
    """Look once at what stands beside these steps; what has changed by that."""
    found = []
    for step_id in _beside(block, known, ahead):
        users, state = block.users[step_id], known.get(step_id)
        if users and all(user in known for user in users):
            # Its users went on without it. What was about to start has not begun.
            known[step_id] = "cancelled" if step_id in states else "skipped"
        elif state is None and (chance := _chance(block.by_id[step_id], known)):
            known[step_id] = "running" if chance == "yes" else "skipped"
        if known.get(step_id) != state:
            found.append(step_id)
    return found


def _beside(block: Block, known: States, ahead: list[str]) -> list[str]:
    """The steps that have not ended and on which a change of these may tell: themselves, their users, their needs."""
    beside: dict[str, None] = {}
    for step_id in ahead:
        state = known.get(step_id)
        if state not in ENDED:
            beside[step_id] = None
        if state is not None:
            beside |= dict.fromkeys(user for user in block.users[step_id] if user not in known)
        if state in ("running", "waiting", "skipped", "cancelled"):
            beside |= dict.fromkeys(need for need in block.by_id[step_id].needs if known.get(need) not in ENDED)
    return list(beside)


def _chance(step: Step, known: States) -> str:
    """Whether the step may start: yes, never, or "" for not yet."""
    states = [known.get(need) for need in step.needs]
    done = states.count("done")
    hopeful = done + sum(state not in ENDED for state in states)
    if step.join == "collect" or not states:
        return "yes" if hopeful == done else ""
    wanted = {"all": len(states), "any": 1, "least": step.least}[step.join]
    if done >= wanted:
        return "yes"
    return "never" if hopeful < wanted else ""


def _unbearable(block: Block, step_id: str, states: States) -> bool:
    users = block.users[step_id]
    return not users or any(one not in states and _chance(block.by_id[one], states) == "never" for one in users)
