"""Every test that touches data runs on SQLite and on PostgreSQL."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from appliance import crypto, diskspace
from appliance.db.tenants import Catalogue
from appliance.web import site
from tests import postgres
from tests.stages import PostgresStage, SqliteStage, Stage
from tests.world import Play, Theatre, World, write_play

crypto.use_password_cost(memory_kib=8, passes=1)
# As the program itself does at its start.
gc.set_threshold(50_000, 20, 20)
T = TypeVar("T")
BACKENDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL cluster that lives as long as this test process."""
    with postgres.cluster() as url:
        yield url


@pytest.fixture
def own_postgres_url(postgres_url: str) -> str:
    """An empty database that no other test uses."""
    return postgres.fresh(postgres_url)


@pytest.fixture(scope="session")
def theatre() -> Iterator[Theatre]:
    made = Theatre(site.create)
    yield made
    made.close()


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def admin_url(backend: str, request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("postgres_url")) if backend == "postgres" else ""


def _stage(name: str, fill: Callable[[Catalogue], T], admin_url: str, folders: pytest.TempPathFactory) -> Stage[T]:
    folder = folders.mktemp("stages") / name
    return PostgresStage(folder, fill, admin_url) if admin_url else SqliteStage(folder, fill)


@pytest.fixture(scope="session")
def empty_stage(admin_url: str, tmp_path_factory: pytest.TempPathFactory) -> Stage[None]:
    return _stage("empty", lambda _: None, admin_url, tmp_path_factory)


@pytest.fixture(scope="session")
def cast_stage(admin_url: str, tmp_path_factory: pytest.TempPathFactory) -> Stage[Play]:
    return _stage("play", write_play, admin_url, tmp_path_factory)


@pytest.fixture
def catalogue(empty_stage: Stage[None], tmp_path: Path) -> Iterator[Catalogue]:
    """A box without tenants."""
    with empty_stage.copy(tmp_path / "data") as made:
        yield made


@pytest.fixture
def world(cast_stage: Stage[Play], theatre: Theatre, tmp_path: Path) -> Iterator[World]:
    """A box with the cast; see tests/world.py."""
    with cast_stage.copy(tmp_path / "data") as made:
        yield World(made, cast_stage.play, theatre, tmp_path / "data")
        theatre.rest()
    # What was seen of this folder's disk says nothing of the next one's.
    diskspace._gauges.clear()
