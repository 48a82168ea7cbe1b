"""Which steps of a block may start, which no longer can, and whether it has ended: pure, from states alone."""

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


def decide(steps: list[Step], states: States) -> Decision:
    """`states` holds the state of each step that has started or was skipped."""
    users = _users(steps)
    if failed := next((step.id for step in steps if _unbearable(step, users[step.id], states)), ""):
        return Decision([], [], [], False, failed)
    known = dict(states)
    while _settle(steps, users, known, states):
        """One step that is skipped or starts may settle others."""
    new = {step_id: state for step_id, state in known.items() if states.get(step_id) != state}
    return Decision(
        [step_id for step_id, state in new.items() if state == "running"],
        [step_id for step_id, state in new.items() if state == "skipped"],
        [step_id for step_id, state in new.items() if state == "cancelled"],
        all(known.get(step.id) in ENDED for step in steps),
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


def last(steps: list[Step]) -> list[str]:
    """The steps that no other needs: what they give is what the block gives."""
    users = _users(steps)
    return [step.id for step in steps if not users[step.id]]


def downstream(steps: list[Step], step_id: str) -> set[str]:
    """The step and all that need it, directly or not."""
    users = _users(steps)
    found, ahead = set[str](), [step_id]
    while ahead:
        one = ahead.pop()
        if one not in found:
            found.add(one)
            ahead += [user.id for user in users[one]]
    return found


def _settle(steps: list[Step], users: dict[str, list[Step]], known: States, states: States) -> bool:
    """Go through the steps once; whether anything came of it."""
    before = dict(known)
    for step in steps:
        state = known.get(step.id)
        if state in ENDED:
            continue
        if users[step.id] and all(user.id in known for user in users[step.id]):
            # Its users went on without it. What was about to start has not begun.
            known[step.id] = "cancelled" if step.id in states else "skipped"
        elif state is None and (chance := _chance(step, known)):
            known[step.id] = "running" if chance == "yes" else "skipped"
    return known != before


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


def _unbearable(step: Step, users: list[Step], states: States) -> bool:
    if states.get(step.id) != "failed":
        return False
    return not users or any(user.id not in states and _chance(user, states) == "never" for user in users)


def _users(steps: list[Step]) -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = {step.id: [] for step in steps}
    for step in steps:
        for need in step.needs:
            found[need].append(step)
    return found
