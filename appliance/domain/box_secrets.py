"""Secrets of the box itself: sealed with a data key of its own, which the master key wraps as it does a tenant's."""

from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.db.tenants import CONTROL

NAME = "data_key"


def ensure(control: Database, vault: Vault) -> None:
    """Call before the vault seals something for `CONTROL`."""
    if not wrapped(control):
        row = {"name": NAME, "value": vault.new_tenant_key(CONTROL)}
        add = "INSERT INTO box (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING"
        if not control.execute(add, row):
            # Another process was first, with another key.
            vault.forget(CONTROL)


def wrapped(control: Database) -> str:
    """ "" before the first secret."""
    return str(control.value("SELECT value FROM box WHERE name = :name", {"name": NAME}) or "")


def seal(control: Database, vault: Vault, address: str, secret: str) -> str:
    """`address` is table|row|column|generation. The key is made with the first secret."""
    ensure(control, vault)
    return vault.seal(CONTROL, address, secret)


def opened(vault: Vault, address: str, sealed: str) -> str:
    """Raises Problem(locked)."""
    return vault.open(CONTROL, address, sealed) if sealed else ""
