"""Secrets in a bundle: left behind, kept as they are sealed, or sealed anew under a passphrase."""

import base64
import os
from typing import Literal, NamedTuple

from appliance import crypto
from appliance.bundles.classes import TABLES
from appliance.bundles.container import refused
from appliance.crypto import Vault
from appliance.db.database import Database, Row
from appliance.errors import Problem, invalid

Mode = Literal["left", "kept", "passphrase"]
SHORTEST = 12
# The tables whose secrets are in a column of this name, each sealed for its row and generation.
SEALED = tuple(name for name, kind in TABLES.items() if "secret" in kind.secret)


class Wrapping(NamedTuple):
    """`key` is that of the passphrase, "" unless the mode is one."""

    mode: Mode
    salt: str = ""
    key: bytes = b""

    def row(self, table: str, row: Row, tenant_id: str, vault: Vault | None) -> Row:
        """A row of a table with secrets, as it goes into the bundle."""
        if self.mode == "kept":
            return row
        if self.mode == "left" or not row["secret"]:
            return row | dict.fromkeys(TABLES[table].secret, "")
        assert vault
        secret = vault.open(tenant_id, _address(table, row), row["secret"])
        return row | {"secret": crypto.seal(self.key, secret.encode(), f"bundle|{_address(table, row)}")}

    def unwrapped(self, table: str, row: Row, tenant_id: str, vault: Vault | None) -> Row:
        """The row as the database of tenant `tenant_id` is to have it. Raises Problem(invalid)."""
        if self.mode == "kept" or not row["secret"]:
            return row
        assert vault
        return row | {"secret": vault.seal(tenant_id, _address(table, row), self.secret(table, row))}

    def secret(self, table: str, row: Row) -> str:
        """Raises Problem(invalid) when it does not open."""
        try:
            return crypto.unseal(self.key, row["secret"], f"bundle|{_address(table, row)}").decode()
        except Problem as error:
            raise invalid(passphrase=f"the secret of {table} {row['id']} does not open with it") from error


def wrapping(passphrase: str, salt: str = "") -> Wrapping:
    """A new one, or the one a bundle with this salt was made with. Raises Problem(invalid) for a short passphrase."""
    if len(passphrase) < SHORTEST:
        raise invalid(passphrase=f"take at least {SHORTEST} characters")
    salt = salt or base64.b64encode(os.urandom(16)).decode()
    try:
        return Wrapping("passphrase", salt, crypto.passphrase_key(passphrase, base64.b64decode(salt, validate=True)))
    except ValueError as error:
        raise refused("its salt is not base64") from error


def known(db: Database, vault: Vault) -> None:
    """Open every secret of the tenant, so that none can leave in the text of a row."""
    for table in SEALED:
        for row in db.rows(f"SELECT id, secret, generation FROM {table} WHERE secret <> ''"):
            vault.open(db.name, _address(table, row), row["secret"])


def names(db: Database) -> dict[str, list[str]]:
    """Whose secrets there are, by table."""
    return {
        table: [str(row["name"]) for row in db.rows(f"SELECT name FROM {table} WHERE secret <> '' ORDER BY id")]
        for table in SEALED
    }


def _address(table: str, row: Row) -> str:
    return f"{table}|{row['id']}|secret|{row['generation']}"
