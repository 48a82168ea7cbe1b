"""The data key of the box itself, for secrets that belong to no tenant."""

from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.db.tenants import CONTROL

NAME = "data_key"


def ensure(control: Database, vault: Vault) -> None:
    """Call before the vault seals something for `CONTROL`."""
    if not wrapped(control):
        row = {"name": NAME, "value": vault.new_tenant_key(CONTROL)}
        control.execute("INSERT INTO box (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING", row)
        # Another process may have been first, with another key.
        vault.forget(CONTROL)


def wrapped(control: Database) -> str:
    """ "" before the first secret."""
    return str(control.value("SELECT value FROM box WHERE name = :name", {"name": NAME}) or "")
