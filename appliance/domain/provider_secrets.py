"""Secrets of provider accounts: sealed for the row they stand in, and opened for the wire only."""

from appliance import crypto
from appliance.crypto import Vault
from appliance.db.database import Database, Row

# The account with the first secret, if there is one: to try whether a key opens it.
ANY = "SELECT id, secret, generation FROM providers WHERE secret <> '' ORDER BY id LIMIT 1"


def opened(db: Database, vault: Vault, provider_id: str) -> str:
    """The opened secret, for the wire only. "" when the account has none."""
    row = db.one("SELECT secret, generation FROM providers WHERE id = :id", {"id": provider_id})
    if row is None or not row["secret"]:
        return ""
    return vault.open(db.name, _address(provider_id, row["generation"]), row["secret"])


def unsealed(vault: Vault, tenant_id: str, row: Row) -> str:
    """The secret of a row that stands in a copy of the tenant's database."""
    return vault.open(tenant_id, _address(row["id"], row["generation"]), row["secret"])


def sealed(db: Database, vault: Vault, provider_id: str, generation: int, secret: str) -> Row:
    if not secret:
        return {"secret": "", "secret_hint": "", "secret_fingerprint": ""}
    text = vault.seal(db.name, _address(provider_id, generation), secret)
    hint = secret[-4:] if len(secret) >= 12 else ""
    return {"secret": text, "secret_hint": hint, "secret_fingerprint": crypto.fingerprint(secret)}


def _address(provider_id: str, generation: int) -> str:
    return f"providers|{provider_id}|secret|{generation}"
