"""`agenthq hook`: secret addresses where programs outside start work or send signals."""

from typing import Any

import click
import msgspec

from appliance import clock, listening
from appliance.cli.command import decoded, read_text, secret_from, tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, clip, facts, listing, table
from appliance.domain import hook_deliveries, hook_replays, hooks
from appliance.domain.hook_deliveries import OUTCOMES, Arrived, Delivery
from appliance.domain.hook_forms import NewHook
from appliance.domain.hook_secrets import KEEP_S, NewSecret
from appliance.domain.hook_signatures import ENCODINGS, SCHEMES
from appliance.domain.hooks import STATES, Hook, IssuedHook
from appliance.errors import Problem

TASK = ("title", "body", "assignee", "labels", "budget_usd")
SIGNING = ("scheme", "header", "encoding", "prefix", "tolerance_s")
AIMS = "Say what a delivery does: --title, --workflow, or --signal with --task, --instance or --workflow and --key."


@click.group()
def hook() -> None:
    """Webhooks that come in: secret addresses that start tasks and workflows, or send them signals."""


@verb(
    "agenthq hook add Issues --title '${{ body.issue.title }}' --to mara --scheme github",
    "agenthq hook add Orders --workflow fulfil --input order='${{ body.id }}' --key '${{ body.id }}'",
    "agenthq hook add Paid --signal paid --workflow fulfil --key '${{ body.order }}' --scheme stripe --secret-stdin",
    "agenthq hook add Built --signal built --task 4",
    into=hook,
)
@click.argument("name")
@click.option("--title", help="Make a task of this title; it may hold ${{ body.… }} and ${{ headers['…'] }}.")
@click.option("--body", help="What is to be done, with the same values.")
@click.option("--to", "assignee", metavar="AGENT", help="Who gets the task.")
@click.option("--label", "labels", multiple=True, help="A label of the task; may be repeated.")
@click.option("--budget-usd", metavar="USD", help="What each task may cost.")
@click.option("--workflow", metavar="SLUG", help="Start this workflow, or signal an instance of it.")
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="An input; VALUE is text or ${{ … }}.")
@click.option("--version", type=int, help="Of the workflow; else the newest when a delivery comes.")
@click.option("--key", metavar="TEXT", help="Of a key there is one instance; signals find it by its key.")
@click.option("--signal", metavar="NAME", help="Send a signal.")
@click.option("--task", metavar="NUMBER", help="Whose run gets the signal.")
@click.option("--instance", metavar="NUMBER", help="Which instance gets the signal.")
@click.option("--scheme", type=click.Choice(list(SCHEMES)), help="How the sender signs.")
@click.option("--header", help="The header of the signature, for --scheme header.")
@click.option("--encoding", type=click.Choice(ENCODINGS), help="How that header is written.")
@click.option("--prefix", help="What stands before the digest in that header, such as sha256=.")
@click.option("--tolerance", "tolerance_s", type=int, metavar="SECONDS", help="How far a signed time may be off.")
@click.option("--secret-stdin", is_flag=True, help="Read the sender's secret from standard input; else one is made.")
@click.option("--only-if", metavar="TEXT", help="A condition, such as ${{ body.action == 'opened' }}.")
@click.option("--idem-path", metavar="PATH", help="Where the body has the id of the delivery, such as event.id.")
@click.option("--same-body", "same_body_s", type=int, metavar="SECONDS", help="Take the same body once in so long.")
@click.option("--per-minute", type=int, help="How many requests a minute it takes; 60 if left out.")
@click.option("--expires", metavar="WHEN", help="A time such as 2027-01-31, or days such as 90d.")
@tenant_option
def add(desk: Desk, tenant: str | None, secret_stdin: bool, **given: Any) -> Shown:
    """Make an address. It is printed now and never again, as is a secret that was made here."""
    given["signing"] = {name: given.pop(name) for name in SIGNING if given.get(name)}
    given["secret"] = secret_from(True, "Secret") if secret_stdin else ""
    given["target"] = target(given)
    new = decoded(NewHook, {name: given.get(name) for name in NewHook.__struct_fields__})
    with desk.room(tenant) as room, desk.control() as control:
        made = hooks.create(control, room.db, desk.vault, CLI, new, listening.own_link(desk.settings, desk.catalogue))
    return told(made)


@verb("agenthq hook list", "agenthq hook list --state paused", into=hook, name="list")
@click.option("--state", type=click.Choice(STATES))
@click.option("--cursor", help="Where the last page ended.")
@tenant_option
def list_(desk: Desk, state: str | None, cursor: str | None, tenant: str | None) -> Shown:
    """Hooks, newest first; addresses and secrets are not kept, so they can't be listed."""
    with desk.room(tenant) as room, desk.control() as control:
        page = hooks.listing(control, room.tenant.id, state or "", cursor=cursor or "")
    rows = [(h.id, h.name, h.kind, h.signing.scheme or "–", h.state, ago(h.used_at)) for h in page.items]
    text = table(("id", "name", "does", "signed", "state", "used"), rows, "There is no hook yet.")
    return listing([shown(one) for one in page.items], text, page.next_cursor)


@verb("agenthq hook show 0193a1c2-…", into=hook)
@click.argument("hook_id", metavar="ID")
@tenant_option
def show(desk: Desk, hook_id: str, tenant: str | None) -> Shown:
    """What a hook does, how its sender signs, and its limits."""
    with desk.room(tenant) as room, desk.control() as control:
        found = hooks.get(control, room.tenant.id, hook_id)
    about: list[tuple[str, object]] = [("Name", found.name), ("State", found.state)]
    about += [("Does", msgspec.json.encode(found.target).decode()), ("Signed", found.signing.scheme or "not")]
    about += [("Only if", found.only_if), ("Id in body", found.idem_path), ("A minute", found.per_minute)]
    return Shown(shown(found), facts([*about, ("Ends", found.expires_at), ("Used", ago(found.used_at))]))


@verb("agenthq hook pause 0193a1c2-…", into=hook)
@click.argument("hook_id", metavar="ID")
@tenant_option
def pause(desk: Desk, hook_id: str, tenant: str | None) -> Shown:
    """Answer and log deliveries, but do nothing with them."""
    with desk.room(tenant) as room, desk.control() as control:
        found = hooks.pause(control, CLI, room.tenant.id, hook_id)
    return Shown(shown(found), f"{found.name} is {found.state}.")


@verb("agenthq hook resume 0193a1c2-…", into=hook)
@click.argument("hook_id", metavar="ID")
@tenant_option
def resume(desk: Desk, hook_id: str, tenant: str | None) -> Shown:
    """Carry deliveries out again."""
    with desk.room(tenant) as room, desk.control() as control:
        found = hooks.resume(control, CLI, room.tenant.id, hook_id)
    return Shown(shown(found), f"{found.name} is {found.state}.")


@verb(
    "agenthq hook rotate 0193a1c2-…",
    "agenthq hook rotate 0193a1c2-… --secret",
    "agenthq hook rotate 0193a1c2-… --secret-stdin --keep 0 < secret.txt",
    into=hook,
)
@click.argument("hook_id", metavar="ID")
@click.option("--secret", is_flag=True, help="Another secret instead of another address.")
@click.option("--secret-stdin", is_flag=True, help="Read the new secret from standard input.")
@click.option("--keep", type=int, default=KEEP_S, show_default=True, help="Seconds the old secret still counts.")
@tenant_option
def rotate(desk: Desk, hook_id: str, secret: bool, secret_stdin: bool, keep: int, tenant: str | None) -> Shown:
    """Another address, unknown the old one at once; or another secret, with the old one valid for a while."""
    with desk.room(tenant) as room, desk.control() as control:
        if secret or secret_stdin:
            new = NewSecret(secret_from(True, "Secret") if secret_stdin else "", keep)
            return told(hooks.renew_secret(control, desk.vault, CLI, room.tenant.id, hook_id, new))
        link = listening.own_link(desk.settings, desk.catalogue)
        return told(hooks.rotate(control, CLI, room.tenant.id, hook_id, link))


@verb("agenthq hook revoke 0193a1c2-…", into=hook)
@click.argument("hook_id", metavar="ID")
@tenant_option
def revoke(desk: Desk, hook_id: str, tenant: str | None) -> Shown:
    """End a hook at once and for good."""
    with desk.room(tenant) as room, desk.control() as control:
        hooks.revoke(control, CLI, room.tenant.id, hook_id)
    return Shown({"id": hook_id, "state": "revoked"}, f"Hook {hook_id} is unknown now.")


@verb("agenthq hook deliveries 0193a1c2-…", "agenthq hook deliveries 0193a1c2-… --outcome refused", into=hook)
@click.argument("hook_id", metavar="ID")
@click.option("--outcome", type=click.Choice(OUTCOMES))
@click.option("--cursor", help="Where the last page ended.")
@tenant_option
def deliveries(desk: Desk, hook_id: str, outcome: str | None, cursor: str | None, tenant: str | None) -> Shown:
    """What came in during the last 30 days, newest first, and what became of it."""
    with desk.room(tenant) as room, desk.control() as control:
        found = hooks.get(control, room.tenant.id, hook_id)
        page = hook_deliveries.listing(room.db, found.id, outcome or "", cursor=cursor or "")
    rows = [(d.id, ago(d.at), d.outcome.replace("_", " "), d.status, clip(d.reason, 60)) for d in page.items]
    text = table(("id", "came", "outcome", "answered", "what became of it"), rows, "Nothing has come yet.")
    return listing(page.items, text, page.next_cursor)


@verb("agenthq hook replay 0193a1c2-… 0193b2d3-…", "agenthq hook replay 0193a1c2-… 0193b2d3-… --again", into=hook)
@click.argument("hook_id", metavar="ID")
@click.argument("delivery_id", metavar="DELIVERY")
@click.option("--again", is_flag=True, help="Also when it had an effect before.")
@tenant_option
def replay(desk: Desk, hook_id: str, delivery_id: str, again: bool, tenant: str | None) -> Shown:
    """Carry a delivery out again, as a new one."""
    with desk.room(tenant) as room, desk.control() as control:
        found = hooks.get(control, room.tenant.id, hook_id)
        try:
            made = hook_replays.replay(room.db, CLI, found, delivery_id, again)
        except hook_replays.Unconfirmed as problem:
            raise Problem("usage", f"{problem.reason} Have it done once more with --again.") from None
    return outcome_of(made)


@verb("agenthq hook test 0193a1c2-… --body body.json", "echo '{\"a\": 1}' | agenthq hook test 0193a1c2-…", into=hook)
@click.argument("hook_id", metavar="ID")
@click.option("--body", "path", default="-", metavar="FILE", help="JSON; standard input if left out.")
@click.option("--header", "headers", multiple=True, metavar="NAME=VALUE", help="A header; may be repeated.")
@tenant_option
def test(desk: Desk, hook_id: str, path: str, headers: tuple[str, ...], tenant: str | None) -> Shown:
    """Say what a body would do; everything is undone."""
    given = {"content-type": "application/json"} | {name.lower(): value for name, value in map(_pair, headers)}
    arrived = Arrived(given, read_text(path).encode(), "", clock.monotonic())
    with desk.room(tenant) as room, desk.control() as control:
        tried = hook_replays.try_out(room.db, CLI, hooks.get(control, room.tenant.id, hook_id), arrived)
    return Shown(tried, tried.reason, 0 if tried.accepted else 1)


def target(given: dict[str, Any]) -> dict[str, Any]:
    """The target as the domain decodes it. Raises Problem(usage)."""
    if given["title"]:
        fields = {name: given[name] for name in TASK if given[name]}
        return {"kind": "task", "fields": fields}
    aim = {name: given[name] for name in ("workflow", "key") if given[name]}
    if given["signal"] and given["task"]:
        return {"kind": "signal", "task": given["task"], "signal": given["signal"]}
    if given["signal"] and (given["instance"] or len(aim) == 2):
        return {"kind": "instance", "signal": given["signal"], "instance": given["instance"] or "", **aim}
    if given["workflow"] and not given["signal"]:
        version = {"version": given["version"]} if given["version"] else {}
        return {"kind": "workflow", "inputs": dict(map(_pair, given["inputs"])), **aim, **version}
    raise Problem("usage", AIMS)


def shown(found: Hook) -> dict[str, Any]:
    return {**msgspec.to_builtins(found), "state": found.state}


def told(made: IssuedHook) -> Shown:
    about = [("Address", made.url), ("Secret", made.secret), ("Id", made.id), ("Name", made.name)]
    keep = "what stands above is not shown again" if made.url or made.secret else ""
    return Shown(shown(made), facts([*about, ("Signed", made.signing.scheme), ("Keep it", keep)]))


def outcome_of(made: Delivery) -> Shown:
    return Shown(made, f"{made.outcome.capitalize()}: {made.reason}", 0 if made.had_effect else 1)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise Problem("usage", f"'{text}' is not NAME=VALUE.")
    return name.strip(), value
