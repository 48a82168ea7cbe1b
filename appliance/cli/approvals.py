"""`agenthq approval`: see what waits for a person, and decide it."""

from typing import Any

import click

from appliance.cli.approvalview import SHORT, about
from appliance.cli.command import tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, clip, listing, table, words
from appliance.db.database import Database
from appliance.domain import approvals, decision_rights, decisions, members, questions, responsibility, users
from appliance.domain.approvals import KINDS, STATES, Approval
from appliance.errors import Problem

id_argument = click.argument("id_", metavar="ID")
note_option = click.option("--note", default="", help="For whoever asked; kept with the decision.")


@click.group()
def approval() -> None:
    """Approvals: what waits for a person's yes, no or answer."""


@verb("agenthq approval list", "agenthq approval list --state rejected --json", into=approval, name="list")
@click.option("--state", type=click.Choice([*STATES, "all"]), default="pending", show_default=True)
@click.option("--kind", type=click.Choice(KINDS), default=None)
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--cursor", default="", help="The next_cursor of the page before.")
@tenant_option
def list_(desk: Desk, state: str, kind: str | None, limit: int, cursor: str, tenant: str | None) -> Shown:
    """What was asked, the newest first. The short id is enough to decide."""
    with desk.room(tenant) as room:
        found = approvals.listing(room.db, "" if state == "all" else state, kind or "", limit, cursor)
    rows = [
        (
            one.id[-SHORT:],
            words(one.kind),
            words(one.state),
            clip(one.title, 50),
            one.task_number or "",
            ago(one.created_at),
        )
        for one in found.items
    ]
    text = table(
        ("id", "kind", "state", "title", "task", "asked"), rows, "Nothing waits for a decision.", right=("task",)
    )
    more = f"\nMore with --cursor {found.next_cursor}" if found.next_cursor else ""
    return listing(found.items, text + more, found.next_cursor)


@verb("agenthq approval show 1f0c9a2b", into=approval)
@id_argument
@tenant_option
def show(desk: Desk, id_: str, tenant: str | None) -> Shown:
    """Exactly what is asked, and how to answer."""
    with desk.room(tenant) as room:
        found = _find(room.db, id_)
    return Shown(found, about(found))


@verb(
    "agenthq approval approve 1f0c9a2b",
    "agenthq approval approve 1f0c9a2b --option raise --amount-usd 50",
    into=approval,
)
@id_argument
@click.option("--option", default="", metavar="VALUE", help="Which of the choices, where there are some.")
@click.option("--amount-usd", default="", metavar="USD", help="For a choice that asks for an amount.")
@click.option("--confirm", default="", metavar="USD", help="The amount again, where it is out of all proportion.")
@note_option
@tenant_option
def approve(desk: Desk, id_: str, option: str, amount_usd: str, confirm: str, note: str, tenant: str | None) -> Shown:
    """Agree to exactly what is shown, once."""
    return _decide(desk, tenant, id_, "approve", note, {"option": option, "amount_usd": amount_usd, "confirm": confirm})


@verb("agenthq approval reject 1f0c9a2b --note 'Not to this customer'", into=approval)
@id_argument
@note_option
@tenant_option
def reject(desk: Desk, id_: str, note: str, tenant: str | None) -> Shown:
    """Refuse it; whoever asked reads the note and goes on without it."""
    return _decide(desk, tenant, id_, "reject", note, {})


@verb("agenthq approval request-changes 1f0c9a2b --note 'Say hello first'", into=approval)
@id_argument
@note_option
@tenant_option
def request_changes(desk: Desk, id_: str, note: str, tenant: str | None) -> Shown:
    """Send it back; the note says what should change."""
    return _decide(desk, tenant, id_, "request_changes", note, {})


@verb(
    "agenthq approval answer 1f0c9a2b --note 'Blue'",
    "agenthq approval answer 1f0c9a2b --option apples --option pears",
    "agenthq approval answer 1f0c9a2b --item 'Read the file' --item 'Write the report'",
    into=approval,
)
@id_argument
@click.option("--option", "options", multiple=True, metavar="VALUE", help="A choice; of a checklist all that apply.")
@click.option("--item", "items", multiple=True, metavar="TEXT", help="A step of the plan as it should be.")
@note_option
@tenant_option
def answer(
    desk: Desk, id_: str, options: tuple[str, ...], items: tuple[str, ...], note: str, tenant: str | None
) -> Shown:
    """Answer a question in its own shape; a plan without --item is confirmed as it is."""
    with desk.room(tenant) as room:
        found = _find(room.db, id_)
    several = found.kind == "question" and questions.shape(found) == "checklist"
    if not several and len(options) > 1:
        raise Problem("usage", "Only a checklist takes more than one --option.")
    given: dict[str, Any] = {"options": list(options)} if several else {"option": "".join(options)}
    return _decide(desk, tenant, found.id, "answer", note, given | ({"items": list(items)} if items else {}))


@verb("agenthq approval assign 1f0c9a2b bob@acme.test", into=approval)
@id_argument
@click.argument("email")
@tenant_option
def assign(desk: Desk, id_: str, email: str, tenant: str | None) -> Shown:
    """Make somebody responsible, who is then reminded; anybody with the role may still decide."""
    with desk.room(tenant) as room, desk.control() as control:
        member = members.get(control, room.tenant.id, users.by_email(control, email).id)
        found = responsibility.assign(room.db, CLI, _find(room.db, id_).id, member.actor.label)
    return Shown(found, f"{found.title}: for {member.name}.")


def _decide(desk: Desk, tenant: str | None, ref: str, verdict: str, note: str, given: dict[str, Any]) -> Shown:
    with desk.room(tenant) as room:
        before = _find(room.db, ref)
        found = decisions.decide(room.db, CLI, before.id, verdict, note, given)
    told = words(decision_rights.SAID[found.verdict]).capitalize()
    said = decision_rights.closed(found) if before.decided_by else f"{told}: {found.title}"
    return Shown(found, said)


def _find(db: Database, ref: str) -> Approval:
    """By id, or by the end of the id of a pending or a recent one. Raises Problem(not_found), Problem(usage)."""
    for state in ("pending", "") if 4 <= len(ref) < 36 else ():
        ending = [one for one in approvals.listing(db, state, limit=200).items if one.id.endswith(ref)]
        if len(ending) > 1:
            raise Problem("usage", f"{len(ending)} approvals end in {ref}. Give more of the id.")
        if ending:
            return ending[0]
    return approvals.get(db, ref)
