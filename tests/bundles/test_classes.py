"""Nothing is added to a tenant's database without a word about what a bundle does with it."""

import pytest

from appliance.bundles.classes import TABLES
from appliance.db.columns import tables

ADDED = "say in appliance/bundles/classes.py what becomes of it in a bundle"


def test_every_table_has_a_class() -> None:
    assert set(TABLES) == set(tables("tenant")), ADDED


@pytest.mark.parametrize("name", sorted(tables("tenant")))
def test_every_column_has_a_class(name: str) -> None:
    assert TABLES[name].columns == tuple(tables("tenant")[name].columns), ADDED


@pytest.mark.parametrize("name", sorted(tables("tenant")))
def test_columns_that_hold_secrets_are_not_plain(name: str) -> None:
    named = {column for column in TABLES[name].columns if column.startswith("secret")}

    assert named == TABLES[name].secret
