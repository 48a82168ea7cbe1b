"""Secrets of hooks: sealed for the row they stand in; after a change the old one counts for a while beside the new."""

import msgspec

from appliance import clock
from appliance.crypto import Vault
from appliance.db.database import Database, Row
from appliance.domain import hook_signatures
from appliance.domain.hook_signatures import Signing
from appliance.errors import invalid

KEEP_S = 86_400
KEEP_MAX_S = 30 * 86_400


class NewSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`secret` is what the sender signs with, made here when it is left out; the old one counts `keep_s` more seconds.

    `signing` is the scheme from now on, when it changes; one without a scheme lets everybody in who knows the address.
    """

    secret: str = ""
    keep_s: int = KEEP_S
    signing: Signing | None = None


def opened(control: Database, vault: Vault, tenant_id: str, hook_id: str) -> list[str]:
    """The secrets a sender may sign with now, newest first: for verifying only. Raises Problem(locked)."""
    sql = "SELECT secret, generation, old_secret, old_secret_until FROM hooks WHERE id = :id AND tenant_id = :tenant"
    row = control.one(sql, {"id": hook_id, "tenant": tenant_id})
    if row is None or not row["secret"]:
        return []
    sealed_ = [(row["secret"], row["generation"])]
    if row["old_secret"] and str(row["old_secret_until"]) > clock.iso():
        sealed_.append((row["old_secret"], row["generation"] - 1))
    return [vault.open(tenant_id, _address(hook_id, generation), text) for text, generation in sealed_]


def first(vault: Vault, tenant_id: str, hook_id: str, signing: Signing, secret: str) -> tuple[Row, str]:
    """The columns of a new hook, and the secret if it was made here. Raises Problem(invalid)."""
    hook_signatures.check(signing)
    if not signing.scheme:
        if secret:
            raise invalid(scheme="say how the sender signs with the secret")
        return {}, ""
    used, made = _chosen(signing.scheme, secret)
    return {
        "secret": vault.seal(tenant_id, _address(hook_id, 1), used),
        "generation": 1,
        "secret_at": clock.iso(),
    }, made


def next_(vault: Vault, tenant_id: str, row: Row, signing: Signing, new: NewSecret) -> tuple[Row, str]:
    """The columns of a hook with another secret, and the secret if it was made here. Raises Problem(invalid)."""
    hook_signatures.check(signing)
    if not 0 <= new.keep_s <= KEEP_MAX_S:
        raise invalid(keep_s=f"give seconds from 0 to {KEEP_MAX_S}")
    if not signing.scheme:
        gone = {"secret": "", "old_secret": "", "old_secret_until": None, "secret_at": None}
        return gone | {"generation": row["generation"] + 1}, ""
    used, made = _chosen(signing.scheme, new.secret)
    generation = row["generation"] + 1
    sealed_ = vault.seal(tenant_id, _address(row["id"], generation), used)
    # Another scheme reads a secret in another way, so the old one counts only within its own.
    keeps = new.keep_s and row["secret"] and new.signing is None
    old = {"old_secret": row["secret"] if keeps else "", "old_secret_until": clock.ahead(new.keep_s) if keeps else None}
    return {"secret": sealed_, "generation": generation, "secret_at": clock.iso()} | old, made


def _chosen(scheme: str, secret: str) -> tuple[str, str]:
    """The secret to use, and the same if it has to be told because it was made here."""
    if secret:
        hook_signatures.check_secret(scheme, secret)
        return secret, ""
    made = hook_signatures.new_secret(scheme)
    return made, made


def _address(hook_id: str, generation: int) -> str:
    return f"hooks|{hook_id}|secret|{generation}"
