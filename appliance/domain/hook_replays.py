"""What a person does with a hook's deliveries: has one carried out again, or tries what a body would do."""

from appliance import clock, ids
from appliance.db.database import Database
from appliance.domain import hook_deliveries, hook_receiving
from appliance.domain.actor import Actor
from appliance.domain.hook_deliveries import Answer, Arrived, Came, Delivery
from appliance.domain.hook_given import Given, Made
from appliance.domain.hook_receiving import read
from appliance.domain.hooks import Hook
from appliance.errors import Problem

TRIED = "Nothing was kept."


class _Undone(Exception):
    """Ends a try, so that its transaction is undone."""


class Unconfirmed(Problem):
    """The delivery had an effect, and nobody has agreed to another."""

    def __init__(self, reason: str) -> None:
        fault = f"it was carried out before ({reason.rstrip('.')}): agree to have it done once more"
        self.reason = reason
        super().__init__("invalid", f"confirm: {fault}", errors={"confirm": fault})


def replay(db: Database, actor: Actor, hook: Hook, delivery_id: str, confirm: bool = False) -> Delivery:
    """Carry a delivery out again as the person who asks, as a new delivery of its own.

    Raises Problem(invalid) with the field `confirm` when the first one had an effect and nobody has agreed to another,
    Problem(conflict) for a hook that is not active or a body that is not kept whole.
    """
    actor.need("operator")
    first = hook_deliveries.get(db, hook.id, delivery_id)
    if hook.state != "active":
        raise Problem("conflict", f"The hook is {hook.state}.")
    if not first.whole:
        raise Problem("conflict", "The body of this delivery is not kept whole, so it can't be carried out again.")
    arrived = Arrived(first.headers, first.body.encode(), first.address, clock.monotonic())
    given = read(hook, arrived, None)
    # Another delivery, not the same once more: a name would make it count as done.
    plain, delivery_id, by = Given(given.body, given.headers), ids.new(), (first.id, actor)
    try:
        with db.transaction():
            if not confirm:
                _ask(db, first)
            came, made = _carried_out(db, actor, hook, plain, delivery_id)
            hook_deliveries.add(db, hook, arrived, came, made, delivery_id, by)
    except Unconfirmed:
        raise
    except Problem as problem:
        if problem.status >= 500:
            raise
        came = Came("refused", Answer(False, problem.detail, problem.errors))
        hook_deliveries.add(db, hook, arrived, came, None, delivery_id, by)
    return hook_deliveries.get(db, hook.id, delivery_id)


def try_out(db: Database, actor: Actor, hook: Hook, arrived: Arrived) -> Answer:
    """What this request would do; everything is undone. Raises Problem for faults of the request."""
    actor.need("operator")
    given = read(hook, arrived, None)
    said = Answer(False, hook_receiving.NOT_MET)
    try:
        with db.transaction():
            made = hook_receiving.carry_out(db, actor, hook, Given(given.body, given.headers))
            if made is not None:
                said = Answer(True, f"{made.reason} {TRIED}")
            raise _Undone
    except _Undone:
        return said
    except Problem as problem:
        if problem.status >= 500:
            raise
        return Answer(False, problem.detail, problem.errors)


def _carried_out(db: Database, actor: Actor, hook: Hook, given: Given, delivery_id: str) -> tuple[Came, Made | None]:
    made = hook_receiving.carry_out(db, actor, hook, given)
    if made is None:
        return Came("skipped", Answer(False, hook_receiving.NOT_MET)), None
    hook_receiving.record(db, actor, hook, made, delivery_id)
    return Came("accepted", hook_receiving.answer_of(made, delivery_id)), made


def _ask(db: Database, first: Delivery) -> None:
    """Raises Unconfirmed when it, or one that replayed it, had an effect."""
    done = next((one for one in (first, *hook_deliveries.replays(db, first.id)) if one.had_effect), None)
    if done:
        raise Unconfirmed(done.reason)
