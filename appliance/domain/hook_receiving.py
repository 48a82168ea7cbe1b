"""A request that named a live hook: proved, read, carried out once, logged and answered.

What the state of the work forbids is answered with 200 and a reason, since sending it again would not help. Trouble of
the box leaves nothing behind and is told as such, so that the sender tries again.
"""

from typing import Any

import msgspec

from appliance import clock, ids
from appliance.db.database import Database
from appliance.domain import events, hook_bodies, hook_deliveries, hook_pings, hook_rates, hook_signatures, tenant_gate
from appliance.domain.actor import Actor
from appliance.domain.hook_deliveries import Answer, Arrived, Came
from appliance.domain.hook_given import Given, Made
from appliance.domain.hook_task_targets import TaskSignal
from appliance.domain.hooks import FoundHook, Hook
from appliance.domain.signals import IDEM_LIMIT, PAYLOAD_BYTES
from appliance.errors import Problem, invalid

BODY_BYTES = 1024 * 1024
# How senders name a delivery that they repeat: the IETF draft, GitHub, Standard Webhooks.
IDEMS = ("idempotency-key", "x-github-delivery", "webhook-id")
IDEM_PATHS = {"stripe": "id", "slack": "event_id"}
# Refusals of the request itself; every other refusal below 500 is one of the work.
FAULTS = {"too_large": "too_large", "bad_signature": "bad_signature"}
BY_BODY = "body:"
NOT_MET = "The condition of the hook is not met."


class Done(msgspec.Struct, frozen=True):
    """`answer` is the body of the reply; `repeated` says that it is the answer of an earlier delivery."""

    answer: Any
    repeated: bool = False


def body_limit(hook: Hook) -> int:
    """Bytes: a signal carries less than what fills in a task or the inputs of a workflow."""
    return PAYLOAD_BYTES if isinstance(hook.target, TaskSignal) else BODY_BYTES


def receive(db: Database, hook: FoundHook, secrets: list[str], arrived: Arrived) -> Done:
    """`secrets` are those the sender may sign with.

    Raises Problem(rate_limited), and for faults of the request Problem(bad_signature), Problem(too_large),
    Problem(bad_json), Problem(unsupported_media_type), Problem(invalid); all but the first are logged.
    """
    hook_rates.take(db, hook.id, hook.per_minute)
    try:
        given = read(hook, arrived, secrets)
    except Problem as problem:
        _log_fault(db, hook, arrived, problem)
        raise
    if greeting := hook_pings.answer(hook, given):
        said = Answer(True, greeting.reason)
        hook_deliveries.add(db, hook, arrived, Came("ping", said, idem=given.idem))
        return Done(greeting.reply or said)
    if hook.tenant_state != "active":
        return _refused(db, hook, arrived, given, tenant_gate.outside(hook.tenant_state))
    if hook.paused_at:
        return _refused(db, hook, arrived, given, "The hook is paused.")
    return _tried(db, hook, arrived, given)


def read(hook: Hook, arrived: Arrived, secrets: list[str] | None) -> Given:
    """What was posted; None for `secrets` leaves the signature unproved, for a person who replays or tries."""
    if arrived.cut:
        raise Problem("too_large", f"The body is larger than {body_limit(hook)} bytes.")
    if secrets is not None:
        now = clock.now().timestamp()
        hook_signatures.verify(hook.signing, secrets, arrived.headers, arrived.body, now)
    body = hook_bodies.read(arrived.kind, arrived.body, packed=hook.signing.scheme in ("github", "slack"))
    return Given(body, arrived.headers, _idem(hook, arrived, body))


def carry_out(db: Database, actor: Actor, hook: Hook, given: Given) -> Made | None:
    """In the open transaction; None when the hook's condition is not met."""
    if hook.only_if and not given.holds(hook.only_if):
        return None
    return hook.target.carry_out(db, actor, given)


def answer_of(made: Made, delivery_id: str) -> Answer:
    return Answer(True, made.reason, delivery=delivery_id, task=made.task, instance=made.instance_id)


def _tried(db: Database, hook: Hook, arrived: Arrived, given: Given) -> Done:
    try:
        with db.transaction():
            return _once(db, hook, arrived, given)
    except Problem as problem:
        # The transaction is undone, so that a refusal leaves no half of anything.
        if problem.status >= 500:
            raise
        if problem.code in FAULTS:
            _log_fault(db, hook, arrived, problem)
            raise
        return _refused(db, hook, arrived, given, problem.detail, problem.errors)


def _once(db: Database, hook: Hook, arrived: Arrived, given: Given) -> Done:
    delivery_id = ids.new()
    key, since = _key(hook, arrived, given)
    if key and not _claim(db, hook, key, delivery_id, since):
        return _again(db, hook, arrived, key)
    made = carry_out(db, hook.actor, hook, given)
    if made is None:
        said = Answer(False, NOT_MET)
        hook_deliveries.add(db, hook, arrived, Came("skipped", said, idem=key), None, delivery_id)
        return Done(said)
    said = answer_of(made, delivery_id)
    hook_deliveries.add(db, hook, arrived, Came("accepted", said, idem=key), made, delivery_id)
    record(db, hook.actor, hook, made, delivery_id)
    return Done(said)


def record(db: Database, actor: Actor, hook: Hook, made: Made, delivery_id: str) -> None:
    about = {"task_id": made.task_id, "run_id": made.run_id}
    events.record(db, actor, "hook.delivered", **about, hook_id=hook.id, delivery_id=delivery_id)


def _key(hook: Hook, arrived: Arrived, given: Given) -> tuple[str, str]:
    """What names the delivery, and since when it must have come to count as the same; "" for ever, or for no name."""
    if given.idem:
        return given.idem, ""
    if hook.same_body_s:
        return BY_BODY + arrived.digest, clock.ahead(-hook.same_body_s)
    return "", ""


def _claim(db: Database, hook: Hook, key: str, delivery_id: str, since: str) -> bool:
    """Take the name in the open transaction; false when it was carried out before."""
    sql = """INSERT INTO hook_receipts (hook_id, idem, delivery_id, at) VALUES (:hook, :key, :id, :now)
      ON CONFLICT (hook_id, idem) DO UPDATE SET delivery_id = :id, at = :now WHERE hook_receipts.at < :since"""
    given = {"hook": hook.id, "key": key, "id": delivery_id, "now": clock.iso(), "since": since}
    return db.execute(sql, given) == 1


def _again(db: Database, hook: Hook, arrived: Arrived, key: str) -> Done:
    sql = "SELECT delivery_id FROM hook_receipts WHERE hook_id = :hook AND idem = :key"
    first = hook_deliveries.get(db, hook.id, db.value(sql, {"hook": hook.id, "key": key}))
    hook_deliveries.add(db, hook, arrived, Came("repeated", first.answer, idem=key, repeat_of=first.id))
    return Done(first.answer, repeated=True)


def _refused(
    db: Database, hook: Hook, arrived: Arrived, given: Given, reason: str, errors: dict[str, str] | None = None
) -> Done:
    said = Answer(False, reason, errors or {})
    hook_deliveries.add(db, hook, arrived, Came("refused", said, idem=given.idem))
    return Done(said)


def _log_fault(db: Database, hook: Hook, arrived: Arrived, problem: Problem) -> None:
    said = Answer(False, problem.detail, problem.errors)
    hook_deliveries.add(db, hook, arrived, Came(FAULTS.get(problem.code, "unreadable"), said, problem.status))


def _idem(hook: Hook, arrived: Arrived, body: Any) -> str:
    """How the sender names this delivery, "" when it does not. Raises Problem(invalid) for an endless name.

    A name that is signed goes before one that is not: whoever repeats a request they overheard could write any other
    into its headers.
    """
    path = hook.idem_path or IDEM_PATHS.get(hook.signing.scheme, "")
    headers = reversed(IDEMS) if hook.signing.scheme == "standard" else IDEMS
    given = (name for header in headers if (name := arrived.headers.get(header, "").strip()))
    found = (_at(body, path) if path else "") or next(given, "")
    if len(found) > IDEM_LIMIT:
        raise invalid(idem=f"take at most {IDEM_LIMIT} characters")
    return found


def _at(body: Any, path: str) -> str:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return str(body) if isinstance(body, str | int) and not isinstance(body, bool) else ""
