"""`agenthq notice`: what people were told, and the channels of the tenant."""

import click

from appliance.cli.command import decoded, read_text, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, clip, listing, table, words
from appliance.db.database import Database
from appliance.domain import members, users
from appliance.domain.notices import channels, lists, rows, set_aside
from appliance.domain.notices.channels import TENANT, NewChannel
from appliance.domain.notices.kinds import COMMON, EMAIL
from appliance.domain.notices.lists import STATES
from appliance.domain.notices.rows import Notice
from appliance.errors import Problem

SHORT = 8
id_argument = click.argument("id_", metavar="ID")


@click.group()
def notice() -> None:
    """Notices: what people were told by e-mail, webhook and ntfy."""


@verb("agenthq notice list", "agenthq notice list --state failed --json", into=notice, name="list")
@click.option("--state", type=click.Choice(STATES), default=None)
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--cursor", default="", help="The next_cursor of the page before.")
@tenant_option
def list_(desk: Desk, state: str | None, limit: int, cursor: str, tenant: str | None) -> Shown:
    """What was told, the newest first, and what became of it."""
    with desk.room(tenant) as room:
        found = lists.listing(room.db, None, state or "", limit, cursor)
    cells = [
        (one.id[-SHORT:], words(one.state), clip(one.content.title, 50), one.target, ago(one.created_at), one.detail)
        for one in found.items
    ]
    text = table(("id", "state", "what", "where", "when", "detail"), cells, "Nobody was told of anything yet.")
    more = f"\nMore with --cursor {found.next_cursor}" if found.next_cursor else ""
    return listing(found.items, text + more, found.next_cursor)


@verb("agenthq notice retry 1f0c9a2b", into=notice)
@id_argument
@tenant_option
def retry(desk: Desk, id_: str, tenant: str | None) -> Shown:
    """Send one again that was given up or is in doubt."""
    with desk.room(tenant) as room:
        found = set_aside.retry(room.db, CLI, _find(room.db, id_).id)
    return Shown(found, f"{found.content.title}: queued again.")


@verb("agenthq notice drop 1f0c9a2b", into=notice)
@id_argument
@tenant_option
def drop(desk: Desk, id_: str, tenant: str | None) -> Shown:
    """Leave one unsent that was given up or is in doubt."""
    with desk.room(tenant) as room:
        found = set_aside.drop(room.db, CLI, _find(room.db, id_).id)
    return Shown(found, f"{found.content.title}: dropped.")


@verb("agenthq notice test bob@acme.test", "agenthq notice test 1f0c9a2b", into=notice)
@click.argument("to", metavar="EMAIL|CHANNEL")
@tenant_option
def test(desk: Desk, to: str, tenant: str | None) -> Shown:
    """Send a test now: to a member by e-mail, or to a channel of the tenant by its id."""
    with desk.room(tenant) as room, desk.control() as control:
        if "@" in to:
            member = members.get(control, room.tenant.id, users.by_email(control, to).id)
            sent = desk.post.test(room.db, CLI, room.tenant, member.id, EMAIL, member.email)
        else:
            found = _channel(room.db, to)
            sent = desk.post.test(room.db, CLI, room.tenant, found.member, found.id, found.name)
    if sent.state == "sent":
        return Shown(sent, f"A test went to {sent.target}. {sent.detail}")
    return Shown(sent, f"The test did not arrive: {sent.detail}", 1)


@verb("agenthq notice channels", into=notice, name="channels")
@tenant_option
def channels_(desk: Desk, tenant: str | None) -> Shown:
    """The channels of the tenant; each hears of everything of its kinds."""
    with desk.room(tenant) as room:
        found = channels.of(room.db, TENANT)
    cells = [(one.id[-SHORT:], one.kind, one.name, one.url, ", ".join(one.kinds)) for one in found]
    return listing(found, table(("id", "kind", "name", "address", "hears of"), cells, "There is no channel yet."))


@verb(
    "agenthq notice add ntfy https://ntfy.sh --topic acme-agents --hears failures",
    "agenthq notice add webhook https://hooks.example.com/in --secret-file token.txt",
    into=notice,
)
@click.argument("kind", type=click.Choice(["webhook", "ntfy"]))
@click.argument("url")
@click.option("--name", default="", help="Made from the address when left out.")
@click.option("--topic", default="", help="For ntfy.")
@click.option("--hears", "kinds", type=click.Choice(COMMON), multiple=True, help="A kind; all when left out.")
@click.option("--secret-file", metavar="FILE", help="A webhook's whsec_…, or ntfy's access token; - is standard input.")
@tenant_option
def add(
    desk: Desk,
    kind: str,
    url: str,
    name: str,
    topic: str,
    kinds: tuple[str, ...],
    secret_file: str | None,
    tenant: str | None,
) -> Shown:
    """Add a channel of the tenant. A webhook's secret is printed once, where none was given."""
    secret = read_text(secret_file).strip() if secret_file else ""
    given = {"kind": kind, "url": url, "name": name, "topic": topic, "kinds": list(kinds) or "", "secret": secret}
    with desk.room(tenant) as room:
        made = channels.add(room.db, CLI, desk.vault, TENANT, decoded(NewChannel, given))
    shown = made.secret if not secret else ""
    said = f"{made.channel.name} was added." + (f"\nSecret, shown once: {shown}" if shown else "")
    return Shown({"channel": made.channel, "secret": shown}, said)


@verb("agenthq notice remove 1f0c9a2b", into=notice)
@id_argument
@tenant_option
def remove(desk: Desk, id_: str, tenant: str | None) -> Shown:
    """Remove a channel of the tenant; what waits to go there is not sent."""
    with desk.room(tenant) as room:
        found = _channel(room.db, id_)
        channels.remove(room.db, CLI, found.id, found.member)
    return Shown(found, f"{found.name} was removed.")


def _find(db: Database, ref: str) -> Notice:
    """By id or by its end. Raises Problem(not_found), Problem(usage)."""
    known = [one for state in ("failed", "in_doubt") for one in lists.listing(db, None, state, 200).items]
    ending = [one for one in known if len(ref) >= 4 and one.id.endswith(ref)]
    if len(ending) > 1:
        raise Problem("usage", f"{len(ending)} notices end in {ref}. Give more of the id.")
    return ending[0] if ending else rows.get(db, ref)


def _channel(db: Database, ref: str) -> channels.Channel:
    ending = [one for one in channels.of(db, TENANT) if len(ref) >= 4 and one.id.endswith(ref)]
    if len(ending) > 1:
        raise Problem("usage", f"{len(ending)} channels end in {ref}. Give more of the id.")
    return ending[0] if ending else channels.get(db, ref, TENANT)
