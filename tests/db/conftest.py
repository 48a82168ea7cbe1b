"""A tenant's database of each kind, without a server around it."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from tests.stages import Stage
from tests.world import Play


class Home(NamedTuple):
    catalogue: Catalogue
    tenant_id: str


@pytest.fixture
def home(cast_stage: Stage[Play], tmp_path: Path) -> Iterator[Home]:
    with cast_stage.copy(tmp_path / "data") as catalogue:
        yield Home(catalogue, cast_stage.play.tenants["acme"].id)


@pytest.fixture
def db(home: Home) -> Iterator[Database]:
    with home.catalogue.open(home.tenant_id) as opened:
        yield opened
