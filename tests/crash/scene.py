"""Where the suite plays: a data folder with three tenants, each with an agent for every runtime and some money."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from appliance import app, settings
from appliance.app import Box
from appliance.db.tenants import Catalogue
from appliance.domain import agents, budgets, samples, tenants
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.agent_forms import NewAgent
from tests.crash import plays

TENANTS = ("acme", "globex", "initech")
RUNTIMES = {"play": "play", "quick": "quick", "model": "builtin"}
CAP_NANO = 400_000
# Who clicks; nobody who asked for anything.
PERSON = Actor("user", "crowd", "Crowd", "owner")


class Place(NamedTuple):
    """The folder, and where the databases are when not in it."""

    folder: Path
    url: str = ""

    @property
    def settings(self) -> settings.Settings:
        given = {"data": str(self.folder)} | ({"database_url": self.url} if self.url else {})
        return settings.load(given, {})

    @property
    def arguments(self) -> list[str]:
        return ["--data", str(self.folder), *(["--url", self.url] if self.url else [])]


@contextmanager
def opened(place: Place, role: str = "command") -> Iterator[Box]:
    with app.open_data(place.settings) as catalogue, app.open_box(place.settings, catalogue, role) as box:
        yield box


@contextmanager
def looked_at(place: Place) -> Iterator[Catalogue]:
    """The data as another process sees it."""
    with app.open_data(place.settings) as catalogue:
        yield catalogue


def make(place: Place, names: tuple[str, ...] = TENANTS) -> dict[str, str]:
    """Tenant ids by name."""
    with opened(place) as box, box.catalogue.control() as control:
        made = {name: tenants.create(box.catalogue, control, box.vault, name, name.title()).id for name in names}
        for tenant_id in made.values():
            _furnish(box, tenant_id)
    return made


def _furnish(box: Box, tenant_id: str) -> None:
    with box.catalogue.open(tenant_id) as db, db.transaction():
        db.execute(plays.LEDGER)
        samples.add_simulated(db, SYSTEM, box.vault, pace="instant")
        for slug, runtime in RUNTIMES.items():
            made = agents.create(db, SYSTEM, NewAgent(slug, slug, "Work.", "simulated", max_concurrency=100))
            db.update("agents", {"id": made.id}, runtime=runtime)
        budgets.put(db, SYSTEM, "tenant", "", "lifetime", CAP_NANO)


def ids_of(catalogue: Catalogue) -> list[str]:
    with catalogue.control() as control:
        return sorted(tenant.id for tenant in tenants.every(control))
