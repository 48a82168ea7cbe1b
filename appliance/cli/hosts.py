"""`agenthq host`: the hosts whose pages agents and checks may read."""

import click

from appliance.cli.command import tenant_option, verb
from appliance.cli.desk import CLI, Desk
from appliance.cli.show import Shown, listing
from appliance.domain import hosts


@click.group()
def host() -> None:
    """Hosts: whose pages agents and checks may read."""


host_argument = click.argument("name", metavar="HOST")


@verb(
    "agenthq host allow docs.example.com",
    "agenthq host allow localhost:3000",
    "agenthq host allow '*.example.com'",
    "agenthq host allow --private wiki.corp.example:8443",
    into=host,
)
@host_argument
@click.option("--private", is_flag=True, help="Also at an address of this machine or its network.")
@tenant_option
def allow(desk: Desk, name: str, private: bool, tenant: str | None) -> Shown:
    """Let agents read pages of HOST: of its ports 80 and 443, or of the one that is named."""
    with desk.room(tenant) as room:
        return _shown(hosts.allow(room.db, CLI, name, private))


@verb("agenthq host refuse docs.example.com", into=host)
@host_argument
@tenant_option
def refuse(desk: Desk, name: str, tenant: str | None) -> Shown:
    """Take HOST off the list."""
    with desk.room(tenant) as room:
        return _shown(hosts.refuse(room.db, CLI, name))


@verb("agenthq host list", into=host, name="list")
@tenant_option
def list_(desk: Desk, tenant: str | None) -> Shown:
    """The hosts that are allowed."""
    with desk.room(tenant) as room:
        return _shown(hosts.allowed(room.db))


def _shown(found: list[str]) -> Shown:
    return listing([{"host": one} for one in found], "\n".join(found) or "No host is allowed yet.")
