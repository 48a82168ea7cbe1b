"""`agenthq audit`: whether the log of a tenant is the one that was written."""

import click

from appliance.cli.command import tenant_option, verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown
from appliance.domain import chain
from appliance.domain.chain import Head, Proof
from appliance.errors import Problem


@click.group()
def audit() -> None:
    """The log of a tenant: whether anything in it was changed."""


@verb("agenthq audit verify", "agenthq audit verify --head 4711:9b2c…", into=audit)
@click.option("--head", default="", metavar="SEQ:DIGEST", help="The head noted earlier; it must still be there.")
@tenant_option
def verify(desk: Desk, tenant: str | None, head: str) -> Shown:
    """Check every line of the log against the one before it. Exit code 1 at the first that is not what was written."""
    with desk.room(tenant) as room:
        proof = chain.verify(room.db, _noted(head) if head else None)
    return Shown(proof, _words(proof), int(proof.bad is not None))


def _noted(text: str) -> Head:
    seq, _, digest = text.partition(":")
    if not (seq.isascii() and seq.isdigit() and len(seq) < 16 and digest):
        raise Problem("usage", "--head takes what an earlier check printed: a number, a colon and a digest.")
    return Head(int(seq), digest)


def _words(proof: Proof) -> str:
    if proof.bad is not None:
        return f"{proof.fault} The {proof.lines:,} lines before it are as they were written."
    earlier = f", {proof.before:,} of them from before the chain began" if proof.before else ""
    return f"{proof.lines:,} lines are as they were written{earlier}.\nHead  {proof.head}\nNote it in another place."
