"""Where the box listens: which address is safe, which port is free, and the link people open."""

import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from appliance.db.tenants import Catalogue
from appliance.domain import box
from appliance.errors import Problem
from appliance.settings import Settings

PORTS = range(8420, 8430)


class Address(NamedTuple):
    """`setup_path` is empty once the box has an owner."""

    link: str
    setup_path: str

    @property
    def first_link(self) -> str:
        return self.link + self.setup_path


@contextmanager
def bound(settings: Settings, catalogue: Catalogue) -> Iterator[socket.socket]:
    """A listening socket. Raises Problem(unavailable) naming the port that is taken."""
    wanted = [settings.port] if settings.port else _usual_ports(catalogue)
    for port in wanted:
        listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it; asyncio sets it only where the listener names its protocol. Without it the body of an
        # answer waits until its head is acknowledged, which takes the other side 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            listener.bind((settings.host, port))
        except OSError as error:
            listener.close()
            refused = error
            continue
        with contextlib.closing(listener):
            box.remember_port(catalogue, listener.getsockname()[1])
            yield listener
        return
    names = str(settings.port) if settings.port else f"{PORTS[0]} to {PORTS[-1]}"
    reason = refused.strerror or "in use"
    raise Problem("unavailable", f"Can't listen on {settings.host}, port {names}: {reason}. Choose with --port N.")


def _usual_ports(catalogue: Catalogue) -> list[int]:
    kept = box.kept_port(catalogue)
    return sorted(PORTS, key=lambda port: (port != kept, port))


def link_of(settings: Settings, listener: socket.socket) -> str:
    return _link(settings, *listener.getsockname()[:2])


def own_link(settings: Settings, catalogue: Catalogue) -> str:
    """The link of the server on this data, also for a command beside it: where it listens, or did last."""
    return _link(settings, settings.host, box.kept_port(catalogue) or settings.port or PORTS[0])


def _link(settings: Settings, host: str, port: int) -> str:
    if settings.public_url:
        return str(settings.public_url).rstrip("/")
    host = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)
    scheme = "https" if settings.https else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def check_exposure(settings: Settings) -> None:
    """Raises Problem(config) when keys and passwords would cross a network in the clear without anybody saying so."""
    if settings.https or settings.insecure_http or settings.behind_proxy or is_loopback(settings.host):
        return
    raise Problem(
        "config",
        f"Listening on {settings.host} would send passwords over plain HTTP. Set tls = true, put a TLS proxy in front "
        "and say --behind-proxy CIDR, or accept it with --insecure-http.",
    )


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
