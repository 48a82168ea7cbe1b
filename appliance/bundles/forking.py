"""A tenant as a copy of another on the same box: export and import in one, and no file is left."""

import secrets
import tempfile

import msgspec

from appliance.bundles import importing
from appliance.bundles.importing import Imported, Wish
from appliance.bundles.writing import write
from appliance.crypto import Vault
from appliance.db.tenants import Catalogue
from appliance.domain.actor import Actor


class Fork(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`slug` and `name` of the copy; `owner` is the e-mail address of a person of this box who becomes owner of it.

    With `people` its members get in as they do in the first. `plan` "" is that of the first.
    """

    slug: str
    name: str = ""
    owner: str = ""
    people: bool = False
    secrets: bool = False
    plan: str = ""


def fork(catalogue: Catalogue, vault: Vault, tenant_id: str, new: Fork, actor: Actor) -> Imported:
    """Secrets stay behind unless asked for: a copy to try things on should not spend the money of the first.

    Raises as an import does.
    """
    passphrase = secrets.token_urlsafe(32) if new.secrets else ""
    wish = Wish(new.slug, new.name, passphrase, new.people, new.owner, new.plan)
    with catalogue.control() as control:
        importing.check_wish(control, wish)
    with tempfile.TemporaryFile(dir=catalogue.folder) as between:
        write(catalogue, tenant_id, between, vault, passphrase=passphrase)
        return importing.read(catalogue, vault, between, wish, actor)
