"""`agenthq alert`: what is wrong with the box as a whole, and who is told."""

import sys

import click

from appliance import watchman
from appliance.cli.command import verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, ago, listing, table
from appliance.domain import alert_channels, alert_letters, alerts
from appliance.domain.alert_channels import NewAlertChannel
from appliance.errors import Problem


@click.group()
def alert() -> None:
    """Alerts of the box: what is wrong, and who is told."""


@verb("agenthq alert list", "agenthq alert list --past", into=alert, name="list")
@click.option("--past", is_flag=True, help="Those that are over instead.")
@click.option("--cursor", default="", metavar="CURSOR", help="Go on after a page.")
def list_(desk: Desk, past: bool, cursor: str) -> Shown:
    """Open alerts with what to do. Exit code 1 while a critical one is open."""
    with desk.control() as control:
        page = alerts.history(control, cursor=cursor) if past else None
        found = page.items if page else alerts.open_ones(control)
    rows = [(a.severity, a.id, a.title, a.subject, a.said, ago(a.raised_at)) for a in found]
    text = table(("", "id", "alert", "of", "said", "raised"), rows, "No alert." if past else "No open alert.")
    fixes = [f"{a.title}: {a.fix}" for a in found if a.cleared_at is None]
    whole = "\n".join([text, *([""] if fixes else []), *dict.fromkeys(fixes)])
    shown = listing(found, whole, page.next_cursor if page else None)
    critical = not past and any(a.severity == "critical" and not a.acknowledged_at for a in found)
    return shown._replace(code=int(critical))


@verb("agenthq alert ack 01890000-0000-7000-8000-000000000000", into=alert)
@click.argument("id")
def ack(desk: Desk, id: str) -> Shown:
    """Say that somebody looks after it: it is not told again."""
    with desk.control() as control:
        found = alerts.acknowledge(control, CLI, id)
    return Shown(found, f"{found.title}: it is not told again.")


@verb("agenthq alert test", "agenthq alert test pager", into=alert)
@click.argument("channel", required=False)
def test(desk: Desk, channel: str | None) -> Shown:
    """Send a test to a channel, or to all. Exit code 1 when one did not arrive."""
    with desk.control() as control:
        found = alert_channels.every(control)
        if channel:
            found = [_named(found, channel)]
        if not found:
            raise Problem("usage", "There is no channel. Add one with: agenthq alert channel add")
        sent = {one.name: watchman.test(control, desk.vault, desk.post, one.id) for one in found}
    lines = [f"{name}: {one.state}. {one.detail}" for name, one in sent.items()]
    return Shown({"items": list(sent.values())}, "\n".join(lines), int(any(s.state != "sent" for s in sent.values())))


@alert.group()
def channel() -> None:
    """Where alerts go: a webhook, an e-mail address or an ntfy topic."""


@verb(
    "agenthq alert channel add email ops@example.com",
    "agenthq alert channel add webhook https://pager.example.com/in",
    "agenthq alert channel add ntfy https://ntfy.sh --topic acme-ops",
    into=channel,
)
@click.argument("kind", type=click.Choice(("webhook", "email", "ntfy")))
@click.argument("address")
@click.option("--name", default="", help="Made from the address when left out.")
@click.option("--topic", default="", help="For ntfy.")
@click.option("--secret-stdin", is_flag=True, help="Read ntfy's token or a webhook's secret from standard input.")
def add(desk: Desk, kind: alert_channels.Kind, address: str, name: str, topic: str, secret_stdin: bool) -> Shown:
    """Tell somebody of alerts. A webhook's secret is shown once."""
    secret = sys.stdin.readline().strip() if secret_stdin else ""
    with desk.control() as control:
        new = NewAlertChannel(kind, address, name, topic, secret)
        made = alert_channels.add(control, CLI, desk.vault, new)
    shown = f"\nIts secret, shown only now: {made.secret}" if made.secret and not secret else ""
    return Shown({"channel": made.channel, "secret": made.secret}, f"Alerts go to {made.channel.name} too.{shown}")


@verb("agenthq alert channel list", into=channel, name="list")
def channels(desk: Desk) -> Shown:
    """Where alerts go, and how the last one fared."""
    with desk.control() as control:
        found, last = alert_channels.every(control), alert_letters.last(control)
    rows = [(c.name, c.kind, c.url, last[c.id].state if c.id in last else "nothing sent yet") for c in found]
    return listing(found, table(("channel", "kind", "address", "last"), rows, "Nobody is told yet."))


@verb("agenthq alert channel remove pager", into=channel)
@click.argument("channel")
def remove(desk: Desk, channel: str) -> Shown:
    """Alerts do not go there any more. CHANNEL is its name or id."""
    with desk.control() as control:
        found = _named(alert_channels.every(control), channel)
        alert_channels.remove(control, CLI, found.id)
    return Shown(found, f"Alerts do not go to {found.name} any more.")


def _named(found: list[alert_channels.AlertChannel], name: str) -> alert_channels.AlertChannel:
    chosen = [one for one in found if name in (one.id, one.name)]
    if len(chosen) != 1:
        known = ", ".join(one.name for one in found) or "none"
        raise Problem("not_found", f"Name one channel by its name or id; there are: {known}.")
    return chosen[0]
