"""A tenant as a copy of another on the same box: export and import in one, and no file is left."""

import secrets
import tempfile

from appliance.bundles import importing
from appliance.bundles.importing import Imported, Wish
from appliance.bundles.writing import write
from appliance.crypto import Vault
from appliance.db.tenants import Catalogue
from appliance.domain.actor import Actor


def fork(
    catalogue: Catalogue, vault: Vault, tenant_id: str, wish: Wish, actor: Actor, with_secrets: bool = False
) -> Imported:
    """Secrets stay behind unless asked for: a copy to try things on should not spend the money of the first."""
    passphrase = secrets.token_urlsafe(32) if with_secrets else ""
    with tempfile.TemporaryFile(dir=catalogue.folder) as between:
        write(catalogue, tenant_id, between, vault, passphrase=passphrase)
        return importing.read(catalogue, vault, between, Wish(wish.slug, wish.name, passphrase, wish.people), actor)
