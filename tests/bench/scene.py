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


@contextmanager
def scene() -> Iterator[Scene]:
    with tempfile.TemporaryDirectory(prefix="agenthq-bench-") as folder:
        values = settings.load({"data": str(Path(folder) / "data")}, env={})
        with app.open_data(values) as catalogue, app.open_box(values, catalogue) as box:
            with catalogue.control() as control:
                tenant = tenants.create(catalogue, control, box.vault, "bench", "Bench")
            with catalogue.open(tenant.id) as db:
                samples.add_simulated(db, SYSTEM, box.vault, pace="instant")
                new = NewAgent("ada", "Ada", "Work.", "simulated", max_concurrency=CONCURRENCY)
                agents.create(db, SYSTEM, new)
                yield Scene(box, tenant, db)
