"""`agenthq tenant export | import | fork`: a tenant as one file, and as another tenant."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from appliance import bundles
from appliance.bundles import Fork, Imported, Report, Wish
from appliance.cli.command import secret_from, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, facts
from appliance.cli.tenants import owner_option, tenant, way_in
from appliance.domain import tenants
from appliance.errors import Problem

QUESTION = "Passphrase"
people_option = click.option("--with-people", is_flag=True, help="Give its people a way in, where they are known here.")
phrase_option = click.option("--passphrase-stdin", is_flag=True, help="Read the passphrase from standard input.")
secrets_option = click.option("--with-secrets", is_flag=True, help="Ask for the passphrase that secrets are under.")


@verb(
    "agenthq tenant export acme --to acme.agenthq",
    "agenthq tenant export acme --to - | ssh box agenthq tenant import - --slug acme",
    "agenthq tenant export acme --to acme.agenthq --with-secrets",
    into=tenant,
)
@click.argument("slug")
@click.option("--to", "target", metavar="FILE", required=True, help="Where to write it; - is standard output.")
@secrets_option
@phrase_option
def export(desk: Desk, slug: str, target: str, with_secrets: bool, passphrase_stdin: bool) -> Shown | None:
    """Write a tenant to one file that any box can import. Work may go on meanwhile."""
    with desk.control() as control:
        found = tenants.by_slug(control, slug)
    phrase = _phrase(with_secrets, passphrase_stdin, confirm=True)
    with _written(target) as out:
        done = bundles.write(desk.catalogue, found.id, out, desk.vault, passphrase=phrase)
    if target == "-":
        return None
    data = {"file": target, "bytes": os.path.getsize(target), "rows": done.rows, "files": done.files}
    secrets = "under the passphrase" if phrase else "left behind: enter them anew after the import"
    lines = [("File", target), ("Size", f"{os.path.getsize(target):,} bytes")]
    lines += [("Rows", f"{sum(done.rows.values()):,}"), ("Files", f"{done.files:,}"), ("Secrets", secrets)]
    return Shown(data, facts(lines))


@verb(
    "agenthq tenant import acme.agenthq --slug acme",
    "agenthq tenant import acme.agenthq --slug acme --check",
    "agenthq tenant import acme.agenthq --slug acme --owner dana@acme.example --plan starter",
    into=tenant,
    name="import",
)
@click.argument("file")
@click.option("--slug", required=True, help="The address of the new tenant.")
@click.option("--name", default="", help="The name people see; that of the bundle when left out.")
@click.option("--check", is_flag=True, help="Only try it: all is taken back, and you see what is in it.")
@owner_option
@people_option
@click.option("--plan", default="", help="The plan it is on; that of the bundle, if there is one here, when left out.")
@secrets_option
@phrase_option
def import_(
    desk: Desk,
    file: str,
    slug: str,
    name: str,
    check: bool,
    owner: str,
    with_people: bool,
    plan: str,
    with_secrets: bool,
    passphrase_stdin: bool,
) -> Shown:
    """Make a new tenant of a bundle, after all of it was looked through. Killed halfway, do it again."""
    tenants.check_slug(slug)
    with desk.control():
        """Raises where there is no box."""
    phrase = _phrase(with_secrets, passphrase_stdin)
    with _opened(file) as source, bundles.twice(desk.catalogue, source) as bundle:
        wish = Wish(slug, name, phrase, with_people, owner, plan)
        if check:
            found = bundles.rehearse(desk.catalogue, desk.vault, bundle, wish, CLI).report
            return Shown(found, "The bundle is sound. Nothing was changed.\n" + _report(found))
        return _imported(desk, bundles.read(desk.catalogue, desk.vault, bundle, wish, CLI))


@verb(
    "agenthq tenant fork acme acme-test --owner dana@acme.example",
    "agenthq tenant fork acme acme-test --with-people",
    into=tenant,
)
@click.argument("slug")
@click.argument("new_slug")
@click.option("--name", default="", help="The name people see; that of the first when left out.")
@owner_option
@people_option
@click.option("--with-secrets", is_flag=True, help="The copy may use the same provider keys.")
def fork(desk: Desk, slug: str, new_slug: str, name: str, owner: str, with_people: bool, with_secrets: bool) -> Shown:
    """Copy a tenant: what is tried on the copy leaves the first as it is."""
    with desk.control() as control:
        found = tenants.by_slug(control, slug)
    new = Fork(new_slug, name, owner, with_people, with_secrets)
    return _imported(desk, bundles.fork(desk.catalogue, desk.vault, found.id, new, CLI))


def _imported(desk: Desk, made: Imported) -> Shown:
    lines = [f"Tenant {made.tenant.slug} is ready. Its schedules are disarmed until somebody resumes them."]
    with desk.control() as control:
        lines.append(way_in(control, made.tenant))
    if made.joined:
        lines.append(f"Members: {', '.join(made.joined)}")
    if made.strangers:
        lines.append(f"Without a way in: {', '.join(made.strangers)}")
    return Shown(made, "\n".join(lines) + "\n" + _report(made.report))


def _report(found: Report) -> str:
    pairs = [
        ("From", f"{found.tenant.slug} ({found.tenant.name})"),
        ("Made", f"{found.made_at} by AgentHQ {found.program}, schema {found.schema}"),
        ("Rows", f"{sum(found.rows.values()):,}"),
        ("Files", f"{found.files:,} ({found.bytes:,} bytes)"),
        ("People", ", ".join(person.email for person in found.people) or "none"),
        *(("Note", note) for note in found.notes),
        *((f"Without {one.what}", f"{one.why}{_names(one.names)}") for one in found.left_out),
    ]
    return facts(pairs)


def _names(names: list[str]) -> str:
    return f" ({', '.join(names)})" if names else ""


def _phrase(wanted: bool, stdin: bool, confirm: bool = False) -> str:
    return secret_from(stdin, QUESTION, confirm) if wanted or stdin else ""


@contextmanager
def _written(target: str) -> Iterator[BinaryIO]:
    """A file that appears when it is whole, for its owner alone; nothing of it is left when the export fails."""
    if target == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = Path(f"{target}.partial")
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(partial, target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise Problem("usage", f"{target} can't be written: {error.strerror}.") from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        source = open(file, "rb")  # noqa: SIM115  closed below; the error belongs to the opening alone
    except OSError as error:
        raise Problem("usage", f"{file} can't be read: {error.strerror}.") from error
    with source:
        yield source
