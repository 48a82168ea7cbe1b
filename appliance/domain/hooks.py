"""Hooks: secret addresses where programs outside start work or send signals. Their life; receiving is elsewhere."""

from typing import Any

import msgspec

from appliance import clock, crypto, ids
from appliance.crypto import Vault
from appliance.db.database import Database, Row
from appliance.domain import assignees, audit, hook_forms, hook_secrets, records
from appliance.domain.actor import Actor
from appliance.domain.hook_forms import HookChange, NewHook
from appliance.domain.hook_secrets import NewSecret
from appliance.domain.hook_signatures import Signing
from appliance.domain.hook_targets import Target
from appliance.domain.hook_task_targets import StartTask, TaskSignal
from appliance.domain.records import Page
from appliance.errors import Problem, invalid, not_found

PREFIX = "hook_"
PATH = "/hooks/"
TOUCH_SECONDS = 60
STATES = ("active", "paused", "expired", "revoked")


class Hook(msgspec.Struct, frozen=True):
    """`task_id` is the task that gets the signal, "" for other targets; `used_at` is to the minute.

    `secret_at` is when the secret was set, None without one; until `old_secret_until` the one before counts too.
    """

    id: str
    tenant_id: str
    task_id: str
    name: str
    target: Target
    signing: Signing
    only_if: str
    idem_path: str
    same_body_s: int
    per_minute: int
    created_by: str
    created_at: str
    used_at: str | None
    secret_at: str | None
    old_secret_until: str | None
    paused_at: str | None
    expires_at: str | None
    revoked_at: str | None

    @property
    def actor(self) -> Actor:
        return Actor("hook", self.id, self.name, "operator")

    @property
    def kind(self) -> str:
        return str(self.target.__struct_config__.tag)

    @property
    def state(self) -> str:
        if self.revoked_at:
            return "revoked"
        if self.expires_at and self.expires_at <= clock.iso():
            return "expired"
        return "paused" if self.paused_at else "active"


class IssuedHook(Hook, frozen=True, kw_only=True):
    """The only time the address is seen, and the secret if it was made here; "" for what did not change."""

    url: str = ""
    secret: str = ""


class FoundHook(Hook, frozen=True, kw_only=True):
    """What a token opens, with what its tenant allows."""

    tenant_state: str


def create(control: Database, db: Database, vault: Vault, actor: Actor, new: NewHook, link: str) -> IssuedHook:
    """`link` is where the box is reached. Raises Problem(forbidden) for a viewer, Problem(invalid)."""
    actor.need("operator")
    if not isinstance(new.target, TaskSignal):
        _may(actor)
    new = hook_forms.checked(db, new)
    _check_member(control, db.name, new.target)
    hook_id, token = ids.new(), ids.token(PREFIX)
    secret, made = hook_secrets.first(vault, db.name, hook_id, new.signing, new.secret)
    row: Row = {"id": hook_id, "tenant_id": db.name, "name": new.name, **_aim(new.target), **secret}
    row |= {"signing": records.dump(new.signing), "only_if": new.only_if, "idem_path": new.idem_path}
    row |= {"same_body_s": new.same_body_s, "per_minute": new.per_minute}
    row |= {"expires_at": hook_forms.expiry(new.expires), "created_by": actor.label, "created_at": clock.iso()}
    with control.transaction():
        control.insert("hooks", row | {"digest": crypto.digest(token)})
        audit.record(control, actor, "hook.created", f"{hook_id} {new.name}", db.name)
    return _issued(control, db.name, hook_id, url=link + PATH + token, secret=made)


def get(control: Database, tenant_id: str, hook_id: str) -> Hook:
    """Raises Problem(not_found)."""
    return _hook(_row(control, tenant_id, hook_id))


def listing(
    control: Database, tenant_id: str, state: str = "", limit: int = records.LIMIT, cursor: str = ""
) -> Page[Hook]:
    """Newest first; revoked and expired ones too unless `state` says which. Raises Problem(invalid)."""
    if state and state not in STATES:
        raise invalid(state=f"use one of {', '.join(STATES)}")
    given: Row = {"tenant": tenant_id, "now": clock.iso(), "limit": limit + 1}
    given["before"] = records.read_cursor(cursor, str)[0] if cursor else "g"
    sql = f"""SELECT * FROM hooks WHERE tenant_id = :tenant AND id < :before AND {_STATE_SQL[state]}
      ORDER BY id DESC LIMIT :limit"""
    return records.page([_hook(row) for row in control.rows(sql, given)], limit, lambda hook: (hook.id,))


def of_task(control: Database, tenant_id: str, task_id: str) -> list[Hook]:
    """Those that signal this task, newest first, revoked ones too."""
    sql = "SELECT * FROM hooks WHERE tenant_id = :tenant AND task_id = :task ORDER BY id DESC"
    return [_hook(row) for row in control.rows(sql, {"tenant": tenant_id, "task": task_id})]


def change(control: Database, db: Database, actor: Actor, hook_id: str, change: HookChange) -> Hook:
    """Raises Problem(forbidden), Problem(not_found), Problem(conflict) for a revoked one, Problem(invalid)."""
    _may(actor)
    given = {k: v for k, v in msgspec.structs.asdict(change).items() if v is not msgspec.UNSET}
    with control.transaction():
        found = _hook(_living(control, db.name, hook_id))
        before = {name: getattr(found, name) for name in NewHook.__struct_fields__ if hasattr(found, name)}
        new = NewHook(**before | given)
        hook_forms.check_rules(new)
        # What the target names may be gone since; that is told when it is changed, and by deliveries.
        aim = new.target.settled(db) if "target" in given else new.target
        _check_member(control, db.name, aim)
        row: Row = {"name": new.name.strip(), **_aim(aim), "only_if": new.only_if, "idem_path": new.idem_path}
        row |= {"same_body_s": new.same_body_s, "per_minute": new.per_minute}
        if "expires" in given:
            row["expires_at"] = hook_forms.expiry(new.expires)
        _put(control, actor, db.name, hook_id, "changed", f"{hook_id} {', '.join(sorted(given))}", row)
    return get(control, db.name, hook_id)


def pause(control: Database, actor: Actor, tenant_id: str, hook_id: str) -> Hook:
    """Deliveries are answered and logged, and do nothing. Pausing twice is no error."""
    return _mark(control, actor, tenant_id, hook_id, "paused", clock.iso())


def resume(control: Database, actor: Actor, tenant_id: str, hook_id: str) -> Hook:
    return _mark(control, actor, tenant_id, hook_id, "resumed", None)


def rotate(control: Database, actor: Actor, tenant_id: str, hook_id: str, link: str) -> IssuedHook:
    """Another address; the old one is unknown at once."""
    _may(actor)
    token = ids.token(PREFIX)
    with control.transaction():
        _living(control, tenant_id, hook_id)
        _put(control, actor, tenant_id, hook_id, "rotated", hook_id, {"digest": crypto.digest(token)})
    return _issued(control, tenant_id, hook_id, url=link + PATH + token)


def renew_secret(
    control: Database, vault: Vault, actor: Actor, tenant_id: str, hook_id: str, new: NewSecret
) -> IssuedHook:
    """Another secret, or another way of signing. The old secret counts for `keep_s` beside the new one."""
    _may(actor)
    with control.transaction():
        row = _living(control, tenant_id, hook_id)
        before = _hook(row).signing
        signing = new.signing or before
        if not signing.scheme and not before.scheme:
            raise invalid(scheme="say how the sender signs")
        if signing.scheme == before.scheme:
            new = msgspec.structs.replace(new, signing=None)
        values, made = hook_secrets.next_(vault, tenant_id, row, signing, new)
        values |= {"signing": records.dump(signing)}
        _put(control, actor, tenant_id, hook_id, "secret_rotated", f"{hook_id} {signing.scheme}", values)
    return _issued(control, tenant_id, hook_id, secret=made)


def revoke(control: Database, actor: Actor, tenant_id: str, hook_id: str, task_id: str = "") -> None:
    """Revoking twice is no error. Raises Problem(forbidden) for a viewer, Problem(not_found)."""
    _may(actor)
    with control.transaction():
        if task_id and hook_id not in (hook.id for hook in of_task(control, tenant_id, task_id)):
            raise not_found("hook of this task")
        if _row(control, tenant_id, hook_id)["revoked_at"] is None:
            # What opened the secrets of a hook that is over would serve nobody but a thief.
            gone: Row = {"revoked_at": clock.iso(), "secret": "", "old_secret": ""}
            _put(control, actor, tenant_id, hook_id, "revoked", hook_id, gone)


def find(control: Database, token: str) -> FoundHook:
    """Raises Problem(not_found), the same for a token that never was, a revoked one, an expired one, and one whose
    tenant was deleted."""
    # The digest is what is compared, so the time it takes says nothing about a token.
    sql = """SELECT h.*, t.state AS tenant_state FROM hooks h JOIN tenants t ON t.id = h.tenant_id
      WHERE h.digest = :digest AND h.revoked_at IS NULL AND (h.expires_at IS NULL OR h.expires_at > :now)
      AND t.state NOT IN ('trash', 'purged')"""
    row = control.one(sql, {"digest": crypto.digest(token), "now": clock.iso()})
    if row is None:
        raise not_found("hook")
    if row["used_at"] is None or row["used_at"] < clock.ahead(-TOUCH_SECONDS):
        control.update("hooks", {"id": row["id"]}, used_at=clock.iso())
    return records.to(FoundHook, row, _JSON)


def _may(actor: Actor) -> None:
    """A hook acts in nobody's name, so no rule about who may hand work to whom holds it."""
    actor.need("operator")
    actor.refuse_agent("set up hooks that start work")


def _check_member(control: Database, tenant_id: str, target: Target) -> None:
    """Raises Problem(invalid) for a person who is not in the tenant."""
    if isinstance(target, StartTask):
        assignees.check(control, tenant_id, target.fields.get("assignee"))


_JSON = ("target", "signing")
_LIVE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)"
_STATE_SQL = {
    "": ":now <> ''",
    "active": f"{_LIVE} AND paused_at IS NULL",
    "paused": f"{_LIVE} AND paused_at IS NOT NULL",
    "expired": "revoked_at IS NULL AND expires_at <= :now",
    "revoked": "revoked_at IS NOT NULL AND :now <> ''",
}


def _hook(row: Row) -> Hook:
    return records.to(Hook, row, _JSON)


def _aim(target: Target) -> Row:
    return {"target": records.dump(target), "task_id": target.task if isinstance(target, TaskSignal) else ""}


def _row(control: Database, tenant_id: str, hook_id: str) -> Row:
    sql = "SELECT * FROM hooks WHERE id = :id AND tenant_id = :tenant"
    row = control.one(sql, {"id": hook_id, "tenant": tenant_id})
    if row is None:
        raise not_found("hook")
    return row


def _living(control: Database, tenant_id: str, hook_id: str) -> Row:
    row = _row(control, tenant_id, hook_id)
    if row["revoked_at"]:
        raise Problem("conflict", "The hook is revoked. Make another one.")
    return row


def _mark(control: Database, actor: Actor, tenant_id: str, hook_id: str, done: str, paused_at: str | None) -> Hook:
    _may(actor)
    with control.transaction():
        row = _living(control, tenant_id, hook_id)
        if bool(row["paused_at"]) != bool(paused_at):
            _put(control, actor, tenant_id, hook_id, done, hook_id, {"paused_at": paused_at})
    return get(control, tenant_id, hook_id)


def _put(control: Database, actor: Actor, tenant_id: str, hook_id: str, done: str, about: str, values: Row) -> None:
    control.update("hooks", {"id": hook_id}, **values)
    audit.record(control, actor, f"hook.{done}", about, tenant_id)


def _issued(control: Database, tenant_id: str, hook_id: str, **told: Any) -> IssuedHook:
    return records.to(IssuedHook, {**_row(control, tenant_id, hook_id), "url": "", "secret": "", **told}, _JSON)
