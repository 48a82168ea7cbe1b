"""A new secret for a key in two steps: it works beside the old one, which ends when the person says so."""

import msgspec

from appliance import clock, crypto, ids
from appliance.db.database import Database
from appliance.domain import audit, key_forms, keys
from appliance.domain.actor import ROLES, Actor
from appliance.domain.key_forms import ApiKey, IssuedKey
from appliance.errors import Problem, invalid

LONGEST_DAYS = 90


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`old_until` is an ISO-8601 time or a number of days such as `7d`."""

    old_until: str = "7d"


def rotate(control: Database, actor: Actor, tenant_id: str, key_id: str, wanted: Rotation) -> IssuedKey:
    """The key with its new secret, seen this once. Everything else of the key stays.

    Raises Problem(forbidden) for a key above the actor's role, Problem(conflict) while an earlier rotation goes on or
    for a key that has ended, Problem(invalid) for a moment that is past or more than 90 days away.
    """
    until = _moment(wanted.old_until)
    secret = ids.token(keys.PREFIX)
    with control.transaction():
        control.next_number("rotations")
        key = keys.get(control, tenant_id, key_id)
        if ROLES.index(key.role) > ROLES.index(actor.role):
            raise Problem("forbidden", f"The key is {key.role}; you are {actor.role}.")
        if key.state != "active":
            raise Problem("conflict", f"This key is {key.state}. Make another one.")
        if key.rotating:
            raise Problem("conflict", "The secret before this one still works. End it first.")
        sql = """UPDATE api_keys SET old_digest = digest, old_hint = hint, old_used_at = used_at, used_at = NULL,
                 old_until = :until, digest = :digest, hint = :hint WHERE id = :id"""
        new = {"until": until, "digest": crypto.digest(secret), "hint": secret[:8], "id": key.id}
        control.execute(sql, new)
        audit.record(control, actor, "key.rotated", f"{key.id} {key.name}", tenant_id)
        found = msgspec.structs.asdict(keys.get(control, tenant_id, key_id))
    return IssuedKey(**found, secret=secret)


def end_old(control: Database, actor: Actor, tenant_id: str, key_id: str) -> ApiKey:
    """The old secret works no longer. Raises Problem(conflict) when there is none that works."""
    with control.transaction():
        if not keys.get(control, tenant_id, key_id).rotating:
            raise Problem("conflict", "There is no old secret that still works.")
        control.update("api_keys", {"id": key_id}, old_until=clock.iso())
        audit.record(control, actor, "key.old_secret_ended", key_id, tenant_id)
    return keys.get(control, tenant_id, key_id)


def _moment(text: str) -> str:
    try:
        at = key_forms.expiry(text)
    except Problem as problem:
        raise invalid(old_until=problem.errors["expires"]) from problem
    if at is None or at > clock.ahead(LONGEST_DAYS * 86400 + 60):
        raise invalid(old_until=f"take a moment within {LONGEST_DAYS} days, such as 7d")
    return at
