"""`agenthq tls`: HTTPS with an authority of the box's own."""

import click

from appliance import tls as serving
from appliance.cli.command import verb
from appliance.cli.desk import Desk
from appliance.cli.show import Shown, facts
from appliance.crypto.certificates import About


@click.group()
def tls() -> None:
    """HTTPS: the box's own certificate, or yours."""


@verb("agenthq tls init", "agenthq tls init --name hq.example.com --name 10.0.0.5", into=tls)
@click.option("--name", "names", multiple=True, metavar="NAME", help="A host name or address; else all that are known.")
def init(desk: Desk, names: tuple[str, ...]) -> Shown:
    """Make the box's own authority, once, and a certificate that renews itself."""
    made = serving.initialise(desk.settings, names)
    said = f"{_words(made)}\nSet tls = true in agenthq.toml (or AGENTHQ_TLS=true) and start the server again.\n"
    return Shown(_shown(made), said + "Give people the authority: agenthq tls ca > agenthq-ca.pem")


@verb("agenthq tls status", "agenthq tls status --json", into=tls)
def status(desk: Desk) -> Shown:
    """The certificate in use and how long it is good for. Exit code 1 when fewer than 7 days are left."""
    found = serving.status(desk.settings)
    return Shown(_shown(found), _words(found), int(found.days_left < 7))


@verb("agenthq tls renew", into=tls)
def renew(desk: Desk) -> Shown:
    """Another certificate for the same names; a running server takes it within seconds."""
    made = serving.renew(desk.settings)
    return Shown(_shown(made), _words(made))


@verb("agenthq tls ca > agenthq-ca.pem", into=tls)
def ca(desk: Desk) -> Shown:
    """Print the authority's certificate, for browsers and tools to trust."""
    text = serving.authority_text(desk.folder)
    return Shown({"certificate": text}, text.rstrip("\n"))


def _shown(found: About) -> dict[str, object]:
    return {**found._asdict(), "days_left": round(found.days_left, 1)}


def _words(found: About) -> str:
    left = f"{found.ends[:10]} ({found.days_left:.0f} days)"
    lines = [("For", ", ".join(found.names)), ("By", found.issuer), ("Good until", left)]
    return facts([*lines, ("SHA-256", found.fingerprint)])
