"""A box in a scratch folder with one tenant, the simulated provider and one agent: where speed is measured."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from appliance import app, settings
from appliance.app import Box
from appliance.db.database import Database
from appliance.domain import agents, samples, tenants
from appliance.domain.actor import SYSTEM
from appliance.domain.agent_forms import NewAgent
from appliance.domain.tenants import Tenant

CONCURRENCY = 16


class Scene(NamedTuple):
    box: Box
    tenant: Tenant
    db: Database

    @property
    def folder(self) -> Path:
        return self.box.settings.data_dir


@contextmanager
def scene() -> Iterator[Scene]:
    with (
        tempfile.TemporaryDirectory(prefix="agenthq-bench-") as folder,
        opened(Path(folder) / "data") as box,
        staffed(box, "bench") as here,
    ):
        yield here


@contextmanager
def opened(folder: Path) -> Iterator[Box]:
    values = settings.load({"data": str(folder)}, env={})
    with app.open_data(values) as catalogue, app.open_box(values, catalogue) as box:
        yield box


@contextmanager
def staffed(box: Box, slug: str) -> Iterator[Scene]:
    """Another tenant of the box, with the simulated provider and agent Ada."""
    with box.catalogue.control() as control:
        tenant = tenants.create(box.catalogue, control, box.vault, slug, slug.title())
    with box.catalogue.open(tenant.id) as db:
        samples.add_simulated(db, SYSTEM, box.vault, pace="instant")
        agents.create(db, SYSTEM, NewAgent("ada", "Ada", "Work.", "simulated", max_concurrency=CONCURRENCY))
        yield Scene(box, tenant, db)
