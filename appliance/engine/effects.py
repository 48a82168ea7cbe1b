"""Effects as recorded steps, by their class: what a crash between the doing and the record means for each.

tx: in the transaction that records it. idempotent: done again freely. keyed: done again with the same key, which the
other side remembers. checkable: looked up before it is done again. once: never done again unless a person says so.
"""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from appliance import clock
from appliance.domain import approvals, blobs, restored
from appliance.domain.approvals import Approval, Ask
from appliance.domain.steps import Message, Step
from appliance.engine import waiting
from appliance.engine.journal import Cancelled, InDoubt, Journal

T = TypeVar("T")
CLASSES = ("tx", "idempotent", "keyed", "checkable", "once")
# Before these an intent is committed, so that a crash in between is known as one.
INTENT = ("checkable", "once")


class Act(NamedTuple, Generic[T]):
    """What to do and how to keep it.

    `do(key)` does it, where the key names it to the other side; `find(key)` tells what a checkable effect came to, None
    when it did not happen; `keep(value)` and `recall(step)` turn the value into a record and back.
    """

    kind: str
    name: str
    effect: str
    given: Any
    do: Callable[[str], T]
    keep: Callable[[T], tuple[dict[str, Any], list[Message]]]
    recall: Callable[[Step], T]
    find: Callable[[str], T | None] | None = None
    ask: Ask | None = None
    declined: Callable[[Approval], T] | None = None


def perform(journal: Journal, act: Act[T]) -> T:
    """The recorded value, or the value of doing it now.

    Raises Cancelled, FenceLost, Waits (for an approval), Mismatch, and InDoubt when only a person can tell whether it
    happened.
    """
    key = journal.key(act.name)
    before = journal.visit(key, act.kind, act.given)
    if before and before.state == "done":
        return act.recall(before)
    if before and before.state == "confirmed":
        return _record(journal, key, act, act.recall(before), before.started_at, before)
    if before and before.state == "intent" and act.effect in INTENT:
        return _after_crash(journal, key, act, before)
    if act.ask and not (before and before.approval_id and before.state in ("intent", "again")):
        return _with_approval(journal, key, act, act.ask, before)
    return _do(journal, key, act, before)


def _do(journal: Journal, key: str, act: Act[T], before: Step | None, approval: Approval | None = None) -> T:
    started = clock.iso()
    if act.effect == "tx":
        with journal.held() as stop:
            if stop:
                raise Cancelled(journal.run.id)
            _spend(journal, approval)
            value = act.do(key)
            return _save(journal, key, act, value, started, before, approval)
    if act.effect in INTENT or approval:
        step = _intend(journal, key, act, started, before, approval)
        if act.effect in INTENT and not before and restored.before(journal.db, journal.run):
            return _after_restore(journal, key, act, step, approval)
    value = act.do(_named(journal, key))
    return _record(journal, key, act, value, started, before, approval)


def _intend(
    journal: Journal, key: str, act: Act[T], started: str, before: Step | None, approval: Approval | None
) -> Step:
    """On the disk before the effect begins: "this may happen now"; said again, it is no progress."""
    with journal.held(progress=before is None) as stop:
        if stop:
            raise Cancelled(journal.run.id)
        _spend(journal, approval)
        kept = _kept(before, approval)
        step = journal.build(key, act.kind, act.name, act.effect, act.given, **kept, state="intent", started_at=started)
        journal.save(step, [])
    return step


def _after_restore(journal: Journal, key: str, act: Act[T], step: Step, approval: Approval | None) -> T:
    """The run was put back from a backup: it may have done this already, after the backup was made."""
    if act.effect == "once" and approval is None:
        raise InDoubt(step)
    found = act.find(_named(journal, key)) if act.find else None
    value = act.do(_named(journal, key)) if found is None else found
    return _record(journal, key, act, value, step.started_at, step, approval)


def _after_crash(journal: Journal, key: str, act: Act[T], before: Step) -> T:
    """The worker died between the intent and the record."""
    if act.effect == "checkable" and act.find is not None:
        found = act.find(_named(journal, key))
        if found is not None:
            return _record(journal, key, act, found, before.started_at, before)
        return _do(journal, key, act, before)
    raise InDoubt(before)


def _with_approval(journal: Journal, key: str, act: Act[T], ask: Ask, before: Step | None) -> T:
    approval = waiting.decided(journal, key, restored.warned(journal.db, journal.run, ask))
    if approval.state != "approved":
        assert act.declined is not None
        return _record(journal, key, act, act.declined(approval), clock.iso(), before, approval)
    return _do(journal, key, act, before, approval)


def _spend(journal: Journal, approval: Approval | None) -> None:
    """An approval is used up in the transaction that begins its effect. Raises Waits when it no longer holds."""
    if approval and not approvals.consume(journal.db, approval.id, approval.digest):
        raise waiting.NoLongerApproved(approval.id)


def _record(
    journal: Journal,
    key: str,
    act: Act[T],
    value: T,
    started: str,
    before: Step | None,
    approval: Approval | None = None,
) -> T:
    with journal.held():
        return _save(journal, key, act, value, started, before, approval)


def _save(
    journal: Journal,
    key: str,
    act: Act[T],
    value: T,
    started: str,
    before: Step | None,
    approval: Approval | None,
) -> T:
    result, messages = act.keep(value)
    values = _kept(before, approval) | {"started_at": started}
    result = {name: blobs.lighten(journal.db, journal.files, v) for name, v in result.items()}
    journal.save(journal.build(key, act.kind, act.name, act.effect, act.given, result=result, **values), messages)
    return value


def _kept(before: Step | None, approval: Approval | None) -> dict[str, Any]:
    attempts = before.attempts + 1 if before and before.state in ("intent", "again") else 1
    return {"approval_id": approval.id if approval else before.approval_id if before else None, "attempts": attempts}


def _named(journal: Journal, key: str) -> str:
    """The name of the effect to the outside: the same whenever it is tried again."""
    return f"{journal.run.id}:{key}"
