"""A map whose worker dies at random: each item done, and done once."""

from pathlib import Path

import pytest

from tests.crash import mapped
from tests.crash.scene import Place

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]


def storm(place: Place) -> None:
    outcome = mapped.drive(place, 400, 4, seed=7)
    assert outcome.whole, outcome.line()
    assert outcome.kills == 4


def test_a_map_under_random_kills_loses_and_repeats_nothing(tmp_path: Path) -> None:
    storm(Place(tmp_path / "data"))


@pytest.mark.postgres
def test_the_same_map_on_postgresql(tmp_path: Path, own_postgres_url: str) -> None:
    storm(Place(tmp_path / "data", own_postgres_url))
