"""Tenants: one customer or team, one database, one data key."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from appliance import clock, ids
from appliance.crypto import Vault
from appliance.db.database import Database, Duplicate
from appliance.db.tenants import CONTROL, Catalogue
from appliance.domain import audit, box_secrets, records
from appliance.domain.actor import SYSTEM, Actor
from appliance.errors import Problem, invalid, not_found

# The plan of a tenant for which nobody takes another one.
USUAL_PLAN = "enterprise"
# Addresses beside those of tenants under /box/tenants.
RESERVED = ("new", "import", "purged")
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,38})[a-z0-9]")


class Tenant(msgspec.Struct, frozen=True):
    """`simulated` marks a tenant of sample data, so that every surface can say so.

    `require_totp`: its admins and owners sign in with a second step.
    `state` is active, suspended, grace, trash or purged; grace and trash end at `state_until`. `suspended_reason`
    stays while the tenant is being deleted.
    """

    id: str
    slug: str
    name: str
    state: str
    plan: str
    simulated: bool
    created_at: str
    state_at: str = ""
    state_by: str = ""
    state_until: str | None = None
    suspended_reason: str = ""
    require_totp: bool = False


class Provisioned(NamedTuple):
    """A migrated database without a tenant row yet, and its wrapped data key."""

    id: str
    data_key: str


@contextmanager
def provisioned(catalogue: Catalogue, vault: Vault) -> Iterator[Provisioned]:
    """A new tenant's database; taken away again when the block raises before the tenant is visible."""
    tenant_id = ids.new()
    catalogue.create(tenant_id)
    try:
        yield Provisioned(tenant_id, vault.new_tenant_key(tenant_id))
    except BaseException:
        catalogue.discard(tenant_id)
        raise


def create(
    catalogue: Catalogue,
    control: Database,
    vault: Vault,
    slug: str,
    name: str,
    plan: str = "",
    simulated: bool = False,
    actor: Actor = SYSTEM,
) -> Tenant:
    """Raises Problem(invalid) for a bad slug, name or plan, Problem(duplicate) when the slug is taken."""
    check_slug(slug)
    plan = plan_for(control, plan)
    with provisioned(catalogue, vault) as made, control.transaction():
        return insert(control, actor, made, slug, name, plan, simulated)


def insert(
    control: Database, actor: Actor, made: Provisioned, slug: str, name: str, plan: str = "", simulated: bool = False
) -> Tenant:
    """The row that makes a provisioned database visible as a tenant. Raises as `create` does."""
    if not name.strip():
        raise invalid(name="give the tenant a name")
    tenant = Tenant(made.id, slug, name.strip(), "active", plan_for(control, plan), simulated, clock.iso())
    try:
        control.insert("tenants", msgspec.structs.asdict(tenant) | {"data_key": made.data_key})
    except Duplicate as error:
        raise Problem("duplicate", f"There is a tenant '{slug}' already.", errors={"slug": "is taken"}) from error
    audit.record(control, actor, "tenant.created", slug, tenant.id)
    return tenant


def by_slug(control: Database, slug: str) -> Tenant:
    return _one(control, "slug", slug)


def by_id(control: Database, tenant_id: str) -> Tenant:
    return _one(control, "id", tenant_id)


def every(control: Database) -> list[Tenant]:
    """Those that are not purged, by slug."""
    sql = "SELECT * FROM tenants WHERE state <> 'purged' ORDER BY slug"
    return [records.to(Tenant, row) for row in control.rows(sql)]


def page(
    control: Database,
    in_state: str = "",
    find: str = "",
    plan: str = "",
    limit: int = records.LIMIT,
    cursor: str = "",
) -> records.Page[Tenant]:
    """Those that are not purged, by slug; `find` is a part of the slug or the name. Raises Problem(bad_cursor)."""
    after = records.read_cursor(cursor, str)[0] if cursor else ""
    sql = """SELECT * FROM tenants WHERE state <> 'purged' AND slug > :after AND (:state = '' OR state = :state)
      AND (:plan = '' OR plan = :plan) AND (:find = '' OR LOWER(slug) LIKE :like OR LOWER(name) LIKE :like)
      ORDER BY slug LIMIT :limit"""
    given = {"after": after, "state": in_state, "plan": plan, "find": find.strip(), "limit": limit + 1}
    found = control.rows(sql, given | {"like": f"%{find.strip().lower()}%"})
    return records.page([records.to(Tenant, row) for row in found], limit, lambda tenant: (tenant.slug,))


def every_id(control: Database) -> list[str]:
    """Of those that are not purged."""
    return [str(row["id"]) for row in control.rows("SELECT id FROM tenants WHERE state <> 'purged' ORDER BY id")]


def these(control: Database, ids: set[str], slugs: set[str]) -> list[Tenant]:
    """Those of these that there are, by slug."""
    by_id, params = records.named(sorted(ids) or [""])
    by_slug, more = records.named(sorted(slugs) or [""], "slug")
    sql = f"SELECT * FROM tenants WHERE id IN ({by_id}) OR slug IN ({by_slug}) ORDER BY slug"
    return [records.to(Tenant, row) for row in control.rows(sql, params | more)]


def state(control: Database, tenant_id: str) -> str:
    """ "purged" for one that never was, too."""
    return str(control.value("SELECT state FROM tenants WHERE id = :id", {"id": tenant_id}) or "purged")


def of_user(control: Database, user_id: str) -> list[Tenant]:
    """The tenants a person is a member of, by name."""
    rows = control.rows(
        "SELECT t.* FROM tenants t JOIN memberships m ON m.tenant_id = t.id WHERE m.user_id = :user ORDER BY t.name",
        {"user": user_id},
    )
    return [records.to(Tenant, row) for row in rows]


def of_member(control: Database, slug: str, user_id: str) -> Tenant:
    """Raises Problem(not_found) for a slug that does not exist and for one the person is a stranger to, alike."""
    row = control.one(
        "SELECT t.* FROM tenants t JOIN memberships m ON m.tenant_id = t.id WHERE t.slug = :slug AND m.user_id = :user",
        {"slug": slug, "user": user_id},
    )
    if row is None:
        raise Problem("not_found")
    return records.to(Tenant, row)


def rename(control: Database, actor: Actor, tenant_id: str, name: str) -> Tenant:
    if not name.strip():
        raise invalid(name="give the organisation a name")
    with control.transaction():
        control.update("tenants", {"id": tenant_id}, name=name.strip())
        audit.record(control, actor, "tenant.renamed", name.strip(), tenant_id)
    return by_id(control, tenant_id)


def wrapped_key(control: Database, tenant_id: str) -> str:
    """The tenant's data key, or that of the box itself, as the vault stored it. Raises Problem(not_found)."""
    if tenant_id == CONTROL:
        return box_secrets.wrapped(control)
    key = control.value("SELECT data_key FROM tenants WHERE id = :id", {"id": tenant_id})
    if key is None:
        raise not_found("tenant")
    return str(key)


def check_slug(slug: str) -> None:
    """Raises Problem(invalid) unless 3 to 40 of a-z, 0-9 and '-', not starting or ending with '-', nor RESERVED."""
    if not SLUG.fullmatch(slug):
        raise invalid(slug="take 3 to 40 of a-z, 0-9 and '-', with a letter or digit at both ends")
    if slug in RESERVED:
        raise invalid(slug=f"can't be {slug}: a page of the box has this address")


def plan_for(control: Database, wanted: str = "") -> str:
    """The plan that a tenant gets: the usual one for "". Raises Problem(invalid) naming the plans that there are."""
    known = [str(row["slug"]) for row in control.rows("SELECT slug FROM plans ORDER BY place, slug")]
    if not wanted:
        return USUAL_PLAN if USUAL_PLAN in known else known[0]
    if wanted not in known:
        raise invalid(plan=f"there is no plan {wanted}; there are {', '.join(known)}")
    return wanted


def slug_from(name: str) -> str:
    """A valid slug made from a name of any language."""
    slug = hyphenated(name)
    return slug if SLUG.fullmatch(slug) and slug not in RESERVED else f"team-{slug}".strip("-")[:40]


def hyphenated(name: str) -> str:
    """At most 40 of a-z, 0-9 and '-': letters lose their accents, "" when nothing of the name can be written so."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:40].strip("-")


def _one(control: Database, column: str, value: str) -> Tenant:
    row = control.one(f"SELECT * FROM tenants WHERE {column} = :value", {"value": value})
    if row is None:
        raise not_found("tenant")
    return records.to(Tenant, row)
