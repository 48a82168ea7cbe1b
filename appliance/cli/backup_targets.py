"""`agenthq backup targets`: the places outside the box where backups are kept."""

from typing import Any

import click

from appliance.backup import places
from appliance.backup.places import KINDS, NewPlace, Place
from appliance.cli.command import decoded, read_text, secret_from, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, facts, listing, table


@click.group()
def targets() -> None:
    """Where backups are kept beside the box itself."""


@verb("agenthq backup targets list", into=targets, name="list")
def list_(desk: Desk) -> Shown:
    """All targets, and how their last use went."""
    with desk.control() as control:
        found = places.every(control, desk.folder)
    lines = [(each.name, each.kind, each.shown, _hint(each), ago(each.tested_at), each.failure) for each in found]
    return listing(found, table(("target", "kind", "where", "secret", "used", "why it failed"), lines, ""))


@verb(
    "agenthq backup targets add disk --kind folder --path /mnt/backups",
    "agenthq backup targets add nas --kind sftp --host nas.lan --user agenthq --secret-file ~/.ssh/id_ed25519",
    "agenthq backup targets add cloud --kind s3 --endpoint https://s3.example.com --bucket b --access-key K",
    into=targets,
)
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), required=True)
@click.option("--path", default="", help="The folder, here (folder) or on the machine (sftp).")
@click.option("--host", default="", help="sftp: the machine.")
@click.option("--port", type=int, default=22, show_default=True, help="sftp: its port.")
@click.option("--user", default="", help="sftp: who signs in.")
@click.option("--endpoint", default="", help="s3: the address of the store.")
@click.option("--bucket", default="", help="s3: the bucket, which must exist.")
@click.option("--access-key", default="", help="s3: the id of the access key.")
@click.option("--region", default="", help="s3: the region; us-east-1 when left out.")
@click.option("--prefix", default="", help="s3: a folder in the bucket; agenthq when left out.")
@click.option("--secret-stdin", is_flag=True, help="Read the password or secret access key from standard input.")
@click.option("--secret-file", default="", metavar="FILE", help="sftp: a private key without a passphrase.")
def add(desk: Desk, secret_stdin: bool, secret_file: str, **given: Any) -> Shown:
    """Try a target and add it. The host key that an SFTP machine shows now is the only one taken later."""
    secret = read_text(secret_file) if secret_file else ""
    if given["kind"] != "folder" and not secret:
        secret = secret_from(secret_stdin, "Secret")
    with desk.control() as control:
        made = places.add(control, CLI, desk.vault, desk.folder, decoded(NewPlace, given | {"secret": secret}))
    return _one(made, "Its first backup is made with: agenthq backup run")


@verb("agenthq backup targets test nas", into=targets)
@click.argument("name")
def test(desk: Desk, name: str) -> Shown:
    """Look whether a target answers. Exit code 1 when it does not."""
    with desk.control() as control:
        found = places.test(control, desk.vault, desk.folder, name)
    return _one(found, found.failure or "It answers.", int(bool(found.failure)))


@verb("agenthq backup targets remove nas --yes", into=targets)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(desk: Desk, name: str, yes: bool) -> Shown:
    """Forget a target. The backups that are there stay there; the box no longer lists or prunes them."""
    if not yes:
        click.confirm(f"Forget the target {name} and what it holds?", abort=True, err=True)
    with desk.control() as control:
        gone = places.remove(control, CLI, desk.folder, name)
    return Shown(gone, f"Target {gone.name} is forgotten. Print a new recovery kit: agenthq backup kit")


def _hint(place: Place) -> str:
    return f"…{place.secret_hint}" if place.secret_hint else ""


def _one(place: Place, then: str, code: int = 0) -> Shown:
    key = places.fingerprint(place)
    about = facts([("Target", place.name), ("Where", place.shown), ("Host key", key), ("Used", ago(place.tested_at))])
    return Shown({"target": place, "host_key_fingerprint": key}, f"{about}\n{then}", code)
