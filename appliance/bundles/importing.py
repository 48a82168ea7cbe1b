"""A bundle as a new tenant. The row that makes it visible is written last, when everything else is on the disk."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, NamedTuple

import msgspec

from appliance import ids
from appliance.bundles import reading
from appliance.bundles.container import Limits, refused
from appliance.bundles.manifest import Person
from appliance.bundles.reading import LIMITS, Report
from appliance.crypto import Vault
from appliance.db.database import Database, Duplicate
from appliance.db.tenants import Catalogue
from appliance.domain import audit, members, restored, tenant_life, tenants
from appliance.domain.actor import Actor
from appliance.domain.restored import Restored
from appliance.domain.tenants import Provisioned, Tenant
from appliance.errors import Problem

MARK = "import:"
_PASSWORD = "-"


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`slug` and `name` of the new tenant; with `people` its members get a way in, where that is safe.

    `owner` is the e-mail address of a person of this box who becomes owner of it; `plan` "" is that of the bundle.
    """

    slug: str
    name: str = ""
    passphrase: str = ""
    people: bool = False
    owner: str = ""
    plan: str = ""


class Imported(msgspec.Struct, frozen=True):
    """`joined` are the e-mail addresses of those who became members, `strangers` of those who have to be invited."""

    tenant: Tenant
    report: Report
    restored: Restored
    joined: list[str]
    strangers: list[str]


def read(
    catalogue: Catalogue, vault: Vault, source: BinaryIO, wish: Wish, actor: Actor, limits: Limits = LIMITS
) -> Imported:
    """Look through the whole bundle, then make it a tenant with an id and a key of its own.

    It is as after a restore: leases are void, schedules disarmed, approvals asked again. A kill in between leaves
    nothing to be seen; the next import clears it away. `source` must be one that can be read twice.
    Raises Problem(bad_bundle), Problem(invalid), Problem(duplicate), Problem(conflict) while another import is at work.
    """
    with _filled(catalogue, vault, source, wish, limits) as full, catalogue.control() as control, control.transaction():
        return _show(control, actor, full, wish)


def rehearse(
    catalogue: Catalogue, vault: Vault, source: BinaryIO, wish: Wish, actor: Actor, limits: Limits = LIMITS
) -> Imported:
    """What `read` would make: all of it is done, and all of it is taken back. Raises as that does."""
    done: list[Imported] = []
    with (
        suppress(_Rehearsed),
        _filled(catalogue, vault, source, wish, limits) as full,
        catalogue.control() as control,
        control.transaction(),
    ):
        done.append(_show(control, actor, full, wish))
        raise _Rehearsed
    return done[0]


class _Rehearsed(Exception):
    """Takes back what was done."""


class _Full(NamedTuple):
    """A database that holds what was in the bundle, and is no tenant yet."""

    made: Provisioned
    found: Report
    after: Restored


@contextmanager
def _filled(catalogue: Catalogue, vault: Vault, source: BinaryIO, wish: Wish, limits: Limits) -> Iterator[_Full]:
    """Taken away again when the block raises."""
    with catalogue.control() as control:
        check_wish(control, wish)
    source.seek(0)
    reading.check(source, passphrase=wish.passphrase, limits=limits)
    source.seek(0)
    with alone(catalogue):
        clear(catalogue)
        with _unseen(catalogue, wish.slug) as tenant_id:
            made = Provisioned(tenant_id, vault.new_tenant_key(tenant_id))
            found = reading.load(catalogue, tenant_id, source, vault, passphrase=wish.passphrase, limits=limits)
            yield _Full(made, found, _restored(catalogue, tenant_id))


def clear(catalogue: Catalogue) -> list[str]:
    """Take away what imports left that were killed; their slugs. Call it only in `alone`."""
    with catalogue.control() as control:
        left = control.rows("SELECT name, value FROM box WHERE name LIKE 'import:%' ORDER BY name")
    for row in left:
        _discard(catalogue, row["value"])
        with catalogue.control() as control:
            control.delete("box", name=row["name"])
    return [str(row["name"]).removeprefix(MARK) for row in left]


@contextmanager
def alone(catalogue: Catalogue) -> Iterator[None]:
    """One import at a time on this data. Raises Problem(conflict). The system drops the lock with its process."""
    busy = Problem("conflict", "Another bundle is being imported. Try again when that has ended.")
    leader = catalogue.leader("import")
    with open(catalogue.folder / "import.lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise busy from error
        try:
            if not leader.leads():
                raise busy
            yield
        finally:
            leader.resign()


@contextmanager
def twice(catalogue: Catalogue, source: BinaryIO, limits: Limits = LIMITS) -> Iterator[BinaryIO]:
    """`source` such that it can be read twice: a pipe goes through a file without a name in the data folder."""
    if source.seekable():
        yield source
        return
    with tempfile.TemporaryFile(dir=catalogue.folder) as kept:
        size = 0
        while part := source.read(1024 * 1024):
            size += len(part)
            if size > limits.most:
                raise Problem("too_large", f"The bundle is larger than the {limits.most:,} bytes allowed.")
            kept.write(part)
        yield kept


@contextmanager
def _unseen(catalogue: Catalogue, slug: str) -> Iterator[str]:
    """A database that is noted before it exists, and taken away when the block raises."""
    tenant_id = ids.new()
    with catalogue.control() as control:
        control.upsert("box", {"name": MARK + slug, "value": tenant_id}, ("name",))
    try:
        catalogue.create(tenant_id)
        yield tenant_id
    except BaseException:
        clear(catalogue)
        raise


def _restored(catalogue: Catalogue, tenant_id: str) -> Restored:
    """Rows that fit their columns can still be none that we would have written."""
    try:
        with catalogue.open(tenant_id) as db:
            return restored.after_restore(db)
    except Duplicate as error:
        raise refused(f"what it holds makes no sense ({error.detail})") from error
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, msgspec.MsgspecError) as error:
        raise refused(f"what it holds makes no sense ({type(error).__name__}: {str(error)[:120]})") from error


def _discard(catalogue: Catalogue, tenant_id: str) -> None:
    with catalogue.control() as control:
        if control.one("SELECT id FROM tenants WHERE id = :id", {"id": tenant_id}):
            return
    catalogue.discard(tenant_id)
    # On PostgreSQL the files have a folder of their own.
    shutil.rmtree(catalogue.folder / "tenants" / tenant_id, ignore_errors=True)


def check_wish(control: Database, wish: Wish) -> None:
    """Raises Problem(invalid), Problem(duplicate): before anything is read."""
    tenants.check_slug(wish.slug)
    if control.one("SELECT id FROM tenants WHERE slug = :slug", {"slug": wish.slug}):
        raise Problem("duplicate", f"There is a tenant '{wish.slug}' already.", errors={"slug": "is taken"})
    tenants.plan_for(control, wish.plan)
    tenant_life.first_owner(control, wish.owner)


def _show(control: Database, actor: Actor, full: _Full, wish: Wish) -> Imported:
    found = full.found
    holder = found.tenant
    plan, notes = _plan(control, wish.plan, holder.plan)
    tenant = tenants.insert(control, actor, full.made, wish.slug, wish.name or holder.name, plan, holder.simulated)
    audit.record(control, actor, "tenant.imported", holder.slug, tenant.id)
    owner = tenant_life.first_owner(control, wish.owner)
    if owner:
        members.join(control, actor, tenant.id, owner.id, "owner")
    people = [person for person in found.people if wish.people and not (owner and person.id == owner.id)]
    joined = [owner.email] if owner else []
    joined += [person.email for person in people if _join(control, actor, tenant, person)]
    control.delete("box", name=MARK + wish.slug)
    strangers = [person.email for person in found.people if person.email not in joined]
    return Imported(tenant, msgspec.structs.replace(found, notes=notes), full.after, joined, strangers)


def _plan(control: Database, wanted: str, theirs: str) -> tuple[str, list[str]]:
    """The other box may have plans that this one has not: then it is the usual one, and a note says so."""
    try:
        return tenants.plan_for(control, wanted or theirs), []
    except Problem:
        usual = tenants.plan_for(control)
        return usual, [f"There is no plan {theirs[:40]} on this box, so the tenant is on {usual}."]


def _join(control: Database, actor: Actor, tenant: Tenant, person: Person) -> bool:
    """A person is the same only by id and address: an address alone may be somebody else's.

    Who is new to the box is disabled until an owner of the box says otherwise, and a key brings nobody new.
    """
    row = control.one("SELECT email FROM users WHERE id = :id", {"id": person.id})
    if row is None:
        if actor.kind == "key" or control.one("SELECT id FROM users WHERE email = :email", {"email": person.email}):
            return False
        known = {"id": person.id, "email": person.email, "name": person.name, "password": _PASSWORD}
        control.insert("users", known | {"disabled": True, "created_at": tenant.created_at})
    elif row["email"] != person.email:
        return False
    members.join(control, actor, tenant.id, person.id, person.role)
    return True
