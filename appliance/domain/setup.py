"""First start: a one-time link makes the owner and the first tenant. Data says whether it may, never a flag."""

import msgspec

from appliance import clock, crypto, ids
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import audit, box_owners, members, tenants, users
from appliance.domain.actor import SYSTEM
from appliance.domain.tenants import Tenant
from appliance.domain.users import User
from appliance.errors import Problem, invalid

LINK_SECONDS = 30 * 60


class NewOwner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answers of the setup page. `slug` is made from the organisation when it is left out."""

    organisation: str
    name: str
    email: str
    password: str
    slug: str = ""


def has_owner(control: Database) -> bool:
    """An active person owns an active tenant."""
    sql = (
        "SELECT 1 AS one FROM memberships m JOIN users u ON u.id = m.user_id JOIN tenants t ON t.id = m.tenant_id "
        "WHERE m.role = 'owner' AND u.disabled = FALSE AND t.state = 'active' LIMIT 1"
    )
    return control.one(sql) is not None


def new_token(control: Database) -> str:
    """A one-time token for `/setup/<token>`, valid for 30 minutes; earlier ones end. Raises Problem(already_set_up)."""
    token = ids.token()
    with control.transaction():
        _one_at_a_time(control)
        control.execute("DELETE FROM setup_tokens")
        control.insert("setup_tokens", {"digest": crypto.digest(token), "expires_at": clock.ahead(LINK_SECONDS)})
    return token


def check(control: Database, token: str) -> None:
    """Raises Problem(already_set_up) or Problem(expired)."""
    if has_owner(control):
        raise Problem("already_set_up", "This box has an owner. Sign in instead.")
    sql = "SELECT 1 AS one FROM setup_tokens WHERE digest = :digest AND expires_at > :now"
    if control.one(sql, {"digest": crypto.digest(token), "now": clock.iso()}) is None:
        raise Problem("expired", "This setup link has ended. Start agenthq again: it prints a new one.")


def complete(
    catalogue: Catalogue, control: Database, vault: Vault, token: str | None, new: NewOwner
) -> tuple[User, Tenant]:
    """Make the owner and the first tenant, once. `token` None is for the command line, which owns the data folder.

    Raises Problem(already_set_up), Problem(expired), Problem(invalid) with a fault per field.
    """
    slug = new.slug or tenants.slug_from(new.organisation)
    tenants.check_slug(slug)
    if not new.organisation.strip():
        raise invalid(organisation="give the organisation a name")
    if token is not None:
        check(control, token)
    with tenants.provisioned(catalogue, vault) as made, control.transaction():
        _one_at_a_time(control)
        if token is not None:
            check(control, token)
        control.execute("DELETE FROM setup_tokens")
        user = users.create(control, SYSTEM, new.email, new.name, new.password)
        tenant = tenants.insert(control, SYSTEM, made, slug, new.organisation)
        members.join(control, SYSTEM, tenant.id, user.id, "owner")
        box_owners.appoint(control, SYSTEM, user.id)
        audit.record(control, SYSTEM, "box.set_up", user.email, tenant.id)
    return user, tenant


def _one_at_a_time(control: Database) -> None:
    # The counter's row lock makes parallel setups wait for each other; the data then says who came first.
    control.next_number("setups")
    if has_owner(control):
        raise Problem("already_set_up", "This box has an owner. Sign in instead.")
