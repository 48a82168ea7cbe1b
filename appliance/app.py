"""The composition root: reads as the story of a start and, backwards, of a shutdown."""

import contextlib
import gc
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from appliance import __version__, certificates, keyfile, logs
from appliance.calls import Calls
from appliance.crypto import Vault
from appliance.db import allowance, datafolder, library, ownership
from appliance.db.tenants import Catalogue, open_catalogue
from appliance.domain import box, budgets, samples, setup, storage, tenant_purge, workers
from appliance.domain.actor import Actor
from appliance.domain.economics import readings
from appliance.domain.tenants import Tenant
from appliance.doors import Doors
from appliance.errors import Problem
from appliance.gateway.client import Gateway
from appliance.listening import Address, bound, check_exposure, link_of
from appliance.metered import metered
from appliance.monitoring import Monitoring
from appliance.post import Post, office
from appliance.presence import present
from appliance.release.notify import supervised
from appliance.release.upgrade import Upgrade
from appliance.settings import Settings
from appliance.watchman import Watchman, on_duty

if TYPE_CHECKING:
    from appliance.web.services import Answers

log = logging.getLogger("agenthq")
PARTS = {
    "all": frozenset({"pump", "sweep"}),
    "web": frozenset[str](),
    "worker": frozenset({"pump"}),
    "scheduler": frozenset({"sweep"}),
}
WITHOUT_PAGES = ("worker", "scheduler")


class Box(NamedTuple):
    """Everything that is open while the program runs; `owner` names this process in leases and reservations."""

    settings: Settings
    catalogue: Catalogue
    vault: Vault
    gateway: Gateway
    calls: Calls
    owner: str
    post: Post
    doors: Doors


@contextmanager
def open_data(settings: Settings) -> Iterator[Catalogue]:
    """The databases, for a server or for one verb beside it. Raises Problem for whatever would make that unsafe."""
    library.require()
    allowance.raise_files()
    folder = settings.data_dir
    datafolder.prepare(folder, shared=bool(settings.database_url))
    with contextlib.closing(open_catalogue(folder, settings.database_url, settings.workers + 60)) as catalogue:
        yield catalogue


@contextmanager
def open_box(settings: Settings, catalogue: Catalogue, role: str = workers.COMMAND) -> Iterator[Box]:
    """This process with its `role` among those on the data. Raises Problem(locked): the key is missing or wrong."""
    vault = keyfile.unlock(catalogue, settings)
    gateway = Gateway()
    gateway.start()
    owner = box.new_owner()
    try:
        calls = Calls(vault, gateway, owner, settings.provider_timeout)
        with present(catalogue, owner, role), metered(catalogue, role != workers.COMMAND):
            post = office(settings, catalogue, vault, gateway)
            yield Box(settings, catalogue, vault, gateway, calls, owner, post, Doors(catalogue))
    finally:
        gateway.close()


class Told(NamedTuple):
    """Whom a server tells.

    `prepare` gets the open box first, `ready` the address once the first page can be opened, `stopping` hears of the
    signal that begins the end.
    """

    ready: Callable[[Address], None]
    prepare: Callable[[Box], None] = lambda _: None
    stopping: Callable[[], None] = lambda: None


class Door(NamedTuple):
    """Where people come in; without `tls` the way there is plain HTTP."""

    listener: socket.socket
    tls: ssl.SSLContext | None


def serve(settings: Settings, told: Told) -> None:
    """Serve until a signal ends it."""
    check_sharing(settings)
    if settings.role not in WITHOUT_PAGES:
        check_exposure(settings)
    with (
        open_data(settings) as catalogue,
        ownership.owned(settings.data_dir, catalogue.shared) as owner,
        ExitStack() as running,
    ):
        logs.start(settings, owner.first)
        told = running.enter_context(_supervised(catalogue, told))
        if settings.role in WITHOUT_PAGES:
            if (upgrade := Upgrade(catalogue)).needed():
                upgrade.first()
            _work(settings, catalogue, told)
        else:
            _serve_pages(settings, catalogue, owner, told)


@contextmanager
def _supervised(catalogue: Catalogue, told: Told) -> Iterator[Told]:
    """Also the service that started this process is told, and fed while the data answers."""
    with supervised(lambda: box.round_trip(catalogue)) as service:

        def ready(address: Address) -> None:
            told.ready(address)
            service.ready(f"AgentHQ {__version__} at {address.link}" if address.link else f"AgentHQ {__version__}")

        def stopping() -> None:
            service.stopping()
            told.stopping()

        yield Told(ready, told.prepare, stopping)


def check_sharing(settings: Settings) -> None:
    """Raises Problem(config) when SQLite files would have to be shared: one process owns them."""
    if settings.database_url:
        return
    if settings.role in WITHOUT_PAGES:
        raise Problem(
            "config", f"Role {settings.role} needs AGENTHQ_DATABASE_URL: with SQLite files one process does it all."
        )
    if settings.queue_url:
        raise Problem(
            "config", "AGENTHQ_QUEUE_URL needs AGENTHQ_DATABASE_URL: with SQLite files there is no other process."
        )


def _work(settings: Settings, catalogue: Catalogue, told: Told) -> None:
    """The engine or a part of it, without pages."""
    with (
        open_box(settings, catalogue, settings.role) as opened,
        watched(opened),
        guarded(opened),
        ExitStack() as running,
    ):
        running.callback(_start_engine(opened))
        told.ready(Address("", ""))
        try:
            threading.Event().wait()
        finally:
            told.stopping()


def guarded(opened: Box) -> AbstractContextManager[None]:
    """Alerts of the box, raised and sent by one of its processes."""
    ends = partial(certificates.ends, opened.settings)
    return on_duty(Watchman(opened.catalogue, opened.vault, opened.post, ends, opened.doors))


@contextmanager
def watched(opened: Box) -> Iterator[None]:
    """Counts and spans of a process without pages, and its page of metrics if it shall have one."""
    monitoring = Monitoring(opened.settings, opened.catalogue)
    with contextlib.closing(monitoring), ExitStack() as running:
        if port := opened.settings.metrics_port:
            from appliance.metrics.door import open_door  # noqa: PLC0415  the server of the standard library

            door = open_door(opened.settings.host, port, opened.settings.metrics_token, monitoring.text)
            running.callback(door.server_close)
            running.callback(door.shutdown)
        yield


def _serve_pages(settings: Settings, catalogue: Catalogue, owner: ownership.Ownership, told: Told) -> None:
    needed = (upgrade := Upgrade(catalogue)).needed()
    with bound(settings, catalogue) as listener, ExitStack() as running:
        link = link_of(settings, listener)
        owner.describe(link)
        door = Door(listener, running.enter_context(_secured(settings)))
        if needed:
            from appliance.release.waiting_room import waiting_room  # noqa: PLC0415  only after an upgrade

            with waiting_room(listener, lambda: upgrade.progress, door.tls):
                upgrade.first()
            upgrade.rest()
            running.callback(upgrade.stop)
        try:
            with open_box(settings, catalogue, settings.role) as opened:
                told.prepare(opened)
                _serve_open(opened, door, link, told)
        except Problem as problem:
            if problem.code != "locked":
                raise
            _serve_locked(settings, catalogue, problem, door, Address(link, ""), told)


@contextmanager
def _secured(settings: Settings) -> Iterator[ssl.SSLContext | None]:
    if not settings.https:
        yield None
        return
    from appliance import tls  # noqa: PLC0415  reading certificates takes a twentieth of a second to load

    with tls.kept(settings) as context:
        yield context


def _serve_open(opened: Box, door: Door, link: str, told: Told) -> None:
    # The port is bound first: a second start is told so before half a second of imports.
    from appliance.web import server, site  # noqa: PLC0415
    from appliance.web.services import Services  # noqa: PLC0415

    with opened.catalogue.control() as control:
        setup_path = "" if setup.has_owner(control) else f"/setup/{setup.new_token(control)}"
    services = Services(opened.settings, opened.catalogue, opened.vault, opened.calls, _after_setup(opened), ask_queue)
    application = site.create(services)
    with ExitStack() as running:

        def first_page() -> None:
            # Only now: the engine's imports would make everybody wait for the first page.
            running.enter_context(running_engine(opened))
            running.enter_context(guarded(opened))
            told.ready(Address(link, setup_path))

        server.run(application, door.listener, opened.settings, first_page, told.stopping, door.tls)


def _serve_locked(
    settings: Settings, catalogue: Catalogue, problem: Problem, door: Door, address: Address, told: Told
) -> None:
    from appliance.web import server, site  # noqa: PLC0415

    log.error("locked: %s", problem.detail)
    application = site.locked(settings, catalogue, problem)
    server.run(application, door.listener, settings, lambda: told.ready(address), told.stopping, door.tls)


def _after_setup(opened: Box) -> Callable[[Tenant, Actor, "Answers"], None]:
    """What the first person chose: a provider account with a sample team, and a monthly cap."""

    def complete(tenant: Tenant, owner: Actor, answers: "Answers") -> None:
        with opened.catalogue.open(tenant.id) as db, db.transaction():
            if answers.provider == "simulated":
                samples.add_simulated(db, owner, opened.vault)
                samples.add_team(db, owner, "sim-standard")
            if answers.cap_usd.strip():
                budgets.put(db, owner, "tenant", "", "month", budgets.nano(answers.cap_usd, "cap_usd"))

    return complete


@contextmanager
def running_engine(opened: Box) -> Iterator[None]:
    """The engine beside the web. It is loaded in the background: nobody waits for it to see the first page."""
    if opened.settings.role == "web" and not opened.catalogue.shared:
        _keep_what_is_there()
        yield
        return
    engine = _EngineThread(opened)
    engine.start()
    try:
        yield
    finally:
        engine.stop()


def ask_queue(settings: Settings) -> str:
    """What the server of the queue answers. Raises Problem(unavailable)."""
    from appliance.engine.bells.chosen import open_server  # noqa: PLC0415  only where there is a queue server

    url = settings.queue_url or settings.database_url
    with contextlib.closing(open_server(url)) as server:
        return f"{url.partition(':')[0]} answers, {server.size()} bells in line"


class _EngineThread(threading.Thread):
    def __init__(self, opened: Box) -> None:
        super().__init__(name="engine-start", daemon=True)
        self._box = opened
        self._stop: Callable[[], None] = lambda: None

    def run(self) -> None:
        self._stop = _start_engine(self._box)

    def stop(self) -> None:
        self.join()
        self._stop()


def _keep_what_is_there() -> None:
    """Whatever looks for garbage later leaves out what a start has made, and looks more often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _chores(opened: Box) -> tuple[Callable[[], object], ...]:
    """What the box as a whole has to do from time to time."""

    def tenants_due() -> None:
        with opened.catalogue.control() as control:
            tenant_purge.due(opened.catalogue, control, opened.vault)

    catalogue, stop = opened.catalogue, opened.calls.stopping
    return (tenants_due, partial(storage.due, catalogue, stop.is_set), partial(readings.hourly, catalogue, stop.wait))


def _start_engine(opened: Box) -> Callable[[], None]:
    """The parts of the engine that this role has; what stops them."""
    from appliance.backup.due import Keeper  # noqa: PLC0415  as the engine: nobody waits for it
    from appliance.backup.means import Means  # noqa: PLC0415
    from appliance.engine.bells.chosen import open_line  # noqa: PLC0415
    from appliance.engine.engine import Engine  # noqa: PLC0415  huey and apscheduler take 0.3 s to import

    settings = opened.settings
    limits = (settings.workers, settings.lease_seconds, settings.grace_seconds)
    line = open_line(settings.queue_url or settings.database_url)
    given = (opened.catalogue, opened.calls, opened.owner, *limits, line, PARTS[settings.role], opened.post)
    engine = Engine(*given, _chores(opened), Keeper(Means(opened.catalogue, opened.vault)), opened.doors)
    # Whoever commits rings: with one line for all processes, nobody else needs to.
    opened.catalogue.subscribe(engine.hear, elsewhere=False)
    engine.start()
    if "pump" in PARTS[settings.role]:
        opened.calls.prices.load()
    _keep_what_is_there()
    return engine.stop
