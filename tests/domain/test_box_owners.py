"""The box keeps an owner who can sign in."""

import pytest

from appliance.domain import box_owners, users
from appliance.domain.actor import SYSTEM
from appliance.errors import Problem
from tests.world import World


def test_the_last_owner_of_the_box_stays(world: World) -> None:
    with world.control() as control, pytest.raises(Problem, match="last owner of the box"):
        box_owners.dismiss(control, SYSTEM, world.alice.member.id)


def test_one_of_two_owners_may_go(world: World) -> None:
    with world.control() as control:
        box_owners.appoint(control, SYSTEM, world.charlie.member.id)
        box_owners.dismiss(control, SYSTEM, world.alice.member.id)

        assert [user.name for user in box_owners.every(control)] == ["Charlie"]


def test_the_last_owner_of_the_box_is_not_disabled(world: World) -> None:
    with world.control() as control:
        control.update("memberships", {"user_id": world.otto.member.id}, role="owner")

        with pytest.raises(Problem, match="last owner of the box"):
            users.disable(control, SYSTEM, world.alice.member.id)


def test_nobody_becomes_owner_by_an_unknown_id(world: World) -> None:
    with world.control() as control, pytest.raises(Problem, match="no such user"):
        box_owners.appoint(control, SYSTEM, "nobody")
