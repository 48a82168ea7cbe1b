"""Secrets of the box itself: sealed with a data key of its own, which the master key wraps as it does a tenant's."""

from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.db.tenants import CONTROL

KEY = "data_key"


def wrapped_key(control: Database) -> str | None:
    found = control.value("SELECT value FROM box WHERE name = :name", {"name": KEY})
    return None if found is None else str(found)


def seal(control: Database, vault: Vault, address: str, secret: str) -> str:
    """`address` is table|row|column|generation. The key is made with the first secret."""
    with control.transaction():
        if wrapped_key(control) is None:
            control.insert("box", {"name": KEY, "value": vault.new_tenant_key(CONTROL)})
    return vault.seal(CONTROL, address, secret)


def opened(vault: Vault, address: str, sealed: str) -> str:
    """Raises Problem(locked)."""
    return vault.open(CONTROL, address, sealed) if sealed else ""
