"""`agenthq audit`: whether the logs of the box and of a tenant are the ones that were written."""

import click
import msgspec

from appliance.cli.command import tenant_option, verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown
from appliance.domain import audit as box_log
from appliance.domain import chain
from appliance.domain.chain import Head, Proof
from appliance.errors import Problem


@click.group()
def audit() -> None:
    """The logs of the box and of a tenant: whether anything in them was changed."""


@verb("agenthq audit verify", "agenthq audit verify --head 4711:9b2c…", "agenthq audit verify --box", into=audit)
@click.option("--head", default="", metavar="SEQ:DIGEST", help="The head noted earlier; it must still be there.")
@click.option("--box", "only_box", is_flag=True, help="Only what people did to the box; --head is of that log then.")
@tenant_option
def verify(desk: Desk, tenant: str | None, head: str, only_box: bool) -> Shown:
    """Check every line of the logs against the one before it. Exit code 1 at the first that is not what was written."""
    noted = _noted(head) if head else None
    with desk.control() as control:
        of_box = box_log.verify(control, noted if only_box else None)
    if only_box:
        return Shown(of_box, _words(of_box), int(of_box.bad is not None))
    with desk.room(tenant) as room:
        proof = chain.verify(room.db, noted)
    said = f"Tenant {room.tenant.slug}\n{_words(proof)}\n\nThe box\n{_words(of_box)}"
    shown = msgspec.to_builtins(proof) | {"box": of_box}
    return Shown(shown, said, int(proof.bad is not None or of_box.bad is not None))


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
