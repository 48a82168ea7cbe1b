"""What a run may wait for as a recorded step: time, a signal, a person, sub-tasks. Its worker is free meanwhile."""

from typing import Any

from appliance import clock
from appliance.domain import approvals, awaited, hearing, runs, signals, standing
from appliance.domain.actor import Actor
from appliance.domain.approvals import Approval, Ask
from appliance.domain.steps import Step
from appliance.engine.journal import Cancelled, Journal, Waits

LONGEST_S = 10 * 366 * 86_400


class NoLongerApproved(Exception):
    """The approval ran out between the look at it and its use."""


def sleep(journal: Journal, name: str, seconds: float) -> None:
    """Go on `seconds` after this was first reached, however often the run is taken up meanwhile; at most ten years.

    Raises Waits until then.
    """
    key, before = _begin(journal, name, {"seconds": seconds})
    if before and before.state == "done":
        return
    until = _until(before, seconds)
    with journal.held() as stop:
        _go_on_unless(journal, stop)
        if over := str(until) <= clock.iso():
            _done(journal, key, name, {"seconds": seconds}, {"until": until})
        else:
            _wait(journal, key, name, {"seconds": seconds}, "timer", until)
    if not over:
        raise Waits(key)


def signal(journal: Journal, name: str, seconds: float | None = None) -> Any:
    """The payload of the oldest signal of this name that no step has taken, also one sent before; None after `seconds`.

    Raises Waits while there is none.
    """
    given = {"signal": name, "seconds": seconds}
    key, before = _begin(journal, f"signal {name}", given)
    if before and before.state == "done":
        return before.result["payload"]
    until = _until(before, seconds)
    with journal.held() as stop:
        _go_on_unless(journal, stop)
        taken = signals.take(journal.db, journal.run.id, name, key)
        late = until is not None and until <= clock.iso()
        if taken is not None or late:
            payload = taken.payload if taken else None
            _done(journal, key, f"signal {name}", given, {"payload": payload, "late": taken is None})
            return payload
        _wait(journal, key, f"signal {name}", given, "signal", until, name)
    raise Waits(key)


def children(journal: Journal, name: str, only: str = "") -> str:
    """What became of the task's sub-tasks, in words, once all have ended or one can't go on; see domain/awaited.py.

    `only` is the id of the one that is waited for. Raises Waits before.
    """
    given = {"sub_tasks": only or "all"}
    key, before = _begin(journal, name, given)
    if before and before.state == "done":
        return str(before.result["told"])
    with journal.held() as stop:
        _go_on_unless(journal, stop)
        found = awaited.news(journal.db, journal.run, only)
        if found is not None:
            said = awaited.words(journal.db, journal.run, found)
            hearing.heard(journal.db, journal.run, found)
            _done(journal, key, name, given, {"told": said})
            return said
        _wait(journal, key, name, given, awaited.WAIT, None, only)
    raise Waits(key)


def approval(journal: Journal, name: str, ask: Ask) -> Approval:
    """What a person decided, or that the time is over, as a step of its own. Raises Waits before."""
    key, before = _begin(journal, name, ask.payload)
    if before and before.state == "done":
        return approvals.get(journal.db, str(before.approval_id))
    found = decided(journal, key, ask)
    with journal.held():
        step = journal.build(key, "wait", name, "tx", ask.payload, approval_id=found.id)
        journal.save(step, [])
    return found


def decided(journal: Journal, key: str, ask: Ask) -> Approval:
    """The approval of this step once a person has decided, or its time is over. Raises Waits before."""
    with journal.held() as stop:
        _go_on_unless(journal, stop)
        approval = _latest(journal, key, ask) or approvals.ask(
            journal.db, _asker(journal), ask, **journal.run.ids, step_key=key
        )
        if approval.state != "pending":
            return approval
        detail = f"It waits for a person: {ask.title}"
        if runs.wait(journal.db, journal.run, "approval", None, detail, approval.id):
            standing.block(journal.db, journal.run.task_id, "approval", detail, journal.run.id)
    raise Waits(key)


def _latest(journal: Journal, key: str, ask: Ask) -> Approval | None:
    """The newest of this step for this very payload; one for another payload is not it."""
    found = approvals.of_run(journal.db, journal.run.id)
    return next((a for a in found if a.step_key == key and a.kind == ask.kind and a.digest == ask.digest), None)


def _asker(journal: Journal) -> Actor:
    name = journal.db.value("SELECT name FROM agents WHERE id = :id", {"id": journal.run.agent_id})
    return Actor("agent", journal.run.agent_id, str(name), "operator")


def _begin(journal: Journal, name: str, given: Any) -> tuple[str, Step | None]:
    key = journal.key(name)
    return key, journal.visit(key, "wait", given)


def _until(before: Step | None, seconds: float | None) -> str | None:
    if before:
        until: str | None = before.result["until"]
        return until
    return None if seconds is None else clock.ahead(min(seconds, LONGEST_S))


def _go_on_unless(journal: Journal, stop: bool) -> None:
    if stop:
        raise Cancelled(journal.run.id)


def _done(journal: Journal, key: str, name: str, given: Any, result: dict[str, Any]) -> None:
    journal.save(journal.build(key, "wait", name, "tx", given, result=result), [])


def _wait(
    journal: Journal, key: str, name: str, given: Any, reason: str, until: str | None, wait_key: str = ""
) -> None:
    values = {"state": "waiting", "result": {"until": until}, "finished_at": None}
    journal.save(journal.build(key, "wait", name, "tx", given, **values), [])
    detail = f"It waits for the signal {wait_key}." if reason == "signal" else ""
    runs.wait(journal.db, journal.run, reason, until, detail, wait_key)
