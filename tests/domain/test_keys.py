"""API keys."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain import keys
from appliance.domain.key_forms import IssuedKey, NewKey
from appliance.errors import Problem
from tests.world import World


@pytest.fixture
def control(world: World) -> Iterator[Database]:
    with world.control() as opened:
        yield opened


@pytest.fixture
def issued(world: World, control: Database) -> IssuedKey:
    return keys.create(
        control, world.alice.actor, world.acme.id, NewKey("ci", "operator", expires="2d", budget_usd=1.5)
    )


def test_a_key_opens_its_tenant(world: World, control: Database, issued: IssuedKey) -> None:
    found = keys.authenticate(control, issued.secret)
    assert (found.id, found.tenant_id, found.role, found.budget_nano) == (
        issued.id,
        world.acme.id,
        "operator",
        1_500_000_000,
    )
    assert found.actor.label == f"key:{issued.id}"


def test_the_secret_is_not_stored(control: Database, issued: IssuedKey) -> None:
    stored = str(control.rows("SELECT * FROM api_keys"))
    assert issued.secret not in stored
    assert issued.secret.startswith(issued.hint)
    assert len(issued.secret) == 47


def test_use_is_noted_once_a_minute(world: World, control: Database, issued: IssuedKey) -> None:
    keys.authenticate(control, issued.secret)
    first = keys.every(control, world.acme.id)[0].used_at
    keys.authenticate(control, issued.secret)
    assert keys.every(control, world.acme.id)[0].used_at == first
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        keys.authenticate(control, issued.secret)
    assert str(keys.every(control, world.acme.id)[0].used_at) > str(first)


def test_an_expired_key_is_refused(control: Database, issued: IssuedKey) -> None:
    with clock.frozen(clock.now() + timedelta(days=2, seconds=1)), pytest.raises(Problem, match="expired"):
        keys.authenticate(control, issued.secret)


def test_a_revoked_key_is_refused(world: World, control: Database, issued: IssuedKey) -> None:
    keys.revoke(control, world.alice.actor, world.acme.id, issued.id)
    keys.revoke(control, world.alice.actor, world.acme.id, issued.id)
    with pytest.raises(Problem, match="revoked"):
        keys.authenticate(control, issued.secret)


def test_charlie_can_not_revoke_it(world: World, control: Database, issued: IssuedKey) -> None:
    with pytest.raises(Problem) as caught:
        keys.revoke(control, world.charlie.actor, world.globex.id, issued.id)
    assert caught.value.code == "not_found"
    assert keys.every(control, world.globex.id) == []


@pytest.mark.parametrize("expires", ["soon", "-1d", "0d", "2020-01-01", "99999999999d"])
def test_an_end_must_lie_ahead(world: World, control: Database, expires: str) -> None:
    with pytest.raises(Problem) as caught:
        keys.create(control, world.alice.actor, world.acme.id, NewKey("x", expires=expires))
    assert "expires" in caught.value.errors


def test_nobody_makes_a_key_above_their_role(world: World, control: Database) -> None:
    with pytest.raises(Problem, match="can't make a key"):
        keys.create(control, world.otto.actor, world.acme.id, NewKey("x", "admin"))
