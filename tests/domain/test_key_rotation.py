"""A new secret for a key, beside the old one until the person ends it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain import key_rotation, keys, members
from appliance.domain.key_forms import IssuedKey, NewKey
from appliance.domain.key_rotation import Rotation
from appliance.errors import Problem
from tests.world import World


@pytest.fixture
def control(world: World) -> Iterator[Database]:
    with world.control() as opened:
        yield opened


@pytest.fixture
def issued(world: World, control: Database) -> IssuedKey:
    return keys.create(control, world.alice.actor, world.acme.id, NewKey("ci", "owner", project="site"))


def rotate(world: World, control: Database, key: IssuedKey, until: str = "7d") -> IssuedKey:
    return key_rotation.rotate(control, world.alice.actor, world.acme.id, key.id, Rotation(until))


def test_both_secrets_work_and_are_one_key(world: World, control: Database, issued: IssuedKey) -> None:
    fresh = rotate(world, control, issued)
    assert {keys.authenticate(control, one.secret).id for one in (issued, fresh)} == {issued.id}
    assert (fresh.project, fresh.role, fresh.hint) == ("site", "owner", fresh.secret[:8])
    assert fresh.secret not in str(control.rows("SELECT * FROM api_keys"))


def test_the_old_one_ends_at_its_moment(world: World, control: Database, issued: IssuedKey) -> None:
    fresh = rotate(world, control, issued, "2d")
    with clock.frozen(clock.now() + timedelta(days=2, seconds=1)):
        with pytest.raises(Problem, match="old secret has ended"):
            keys.authenticate(control, issued.secret)
        assert keys.authenticate(control, fresh.secret)


def test_the_old_one_ends_now_when_the_person_says_so(world: World, control: Database, issued: IssuedKey) -> None:
    fresh = rotate(world, control, issued)
    key_rotation.end_old(control, world.alice.actor, world.acme.id, issued.id)
    with pytest.raises(Problem, match="old secret has ended"):
        keys.authenticate(control, issued.secret)
    assert keys.authenticate(control, fresh.secret)
    with pytest.raises(Problem, match="no old secret"):
        key_rotation.end_old(control, world.alice.actor, world.acme.id, issued.id)


def test_one_sees_which_secret_is_still_in_use(world: World, control: Database, issued: IssuedKey) -> None:
    keys.authenticate(control, issued.secret)
    fresh = rotate(world, control, issued)
    shown = keys.get(control, world.acme.id, issued.id)
    assert (bool(shown.old_used_at), shown.used_at, shown.old_hint) == (True, None, issued.hint)
    keys.authenticate(control, fresh.secret)
    assert keys.get(control, world.acme.id, issued.id).used_at


def test_a_second_rotation_waits_for_the_end_of_the_first(world: World, control: Database, issued: IssuedKey) -> None:
    fresh = rotate(world, control, issued)
    with pytest.raises(Problem, match="still works"):
        rotate(world, control, fresh)
    key_rotation.end_old(control, world.alice.actor, world.acme.id, issued.id)
    newest = rotate(world, control, fresh)
    with pytest.raises(Problem, match="not known"):
        keys.authenticate(control, issued.secret)
    assert keys.authenticate(control, newest.secret)


def test_revoking_ends_both(world: World, control: Database, issued: IssuedKey) -> None:
    fresh = rotate(world, control, issued)
    keys.revoke(control, world.alice.actor, world.acme.id, issued.id)
    for one in (issued, fresh):
        with pytest.raises(Problem, match="revoked"):
            keys.authenticate(control, one.secret)
    with pytest.raises(Problem, match="is revoked"):
        rotate(world, control, issued)


@pytest.mark.parametrize("until", ["", "0d", "91d", "soon", "2020-01-01"])
def test_the_moment_lies_within_ninety_days(world: World, control: Database, issued: IssuedKey, until: str) -> None:
    with pytest.raises(Problem) as caught:
        rotate(world, control, issued, until)
    assert "old_until" in caught.value.errors


def test_an_admin_can_not_take_an_owners_key_by_rotating_it(world: World, control: Database, issued: IssuedKey) -> None:
    admin = members.change_role(control, world.alice.actor, world.acme.id, world.otto.member.id, "admin")
    with pytest.raises(Problem, match="The key is owner"):
        key_rotation.rotate(control, admin.actor, world.acme.id, issued.id, Rotation())


def test_charlie_can_not_rotate_it(world: World, control: Database, issued: IssuedKey) -> None:
    with pytest.raises(Problem) as caught:
        key_rotation.rotate(control, world.charlie.actor, world.globex.id, issued.id, Rotation())
    assert caught.value.code == "not_found"


def test_a_key_says_when_it_ends_soon(world: World, control: Database) -> None:
    made = [
        keys.create(control, world.alice.actor, world.acme.id, NewKey("k", expires=end)) for end in ("3d", "60d", None)
    ]
    assert [key.ends_soon for key in made] == [True, False, False]
