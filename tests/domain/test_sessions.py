"""Sessions that slide and end, and the throttle in front of them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from appliance import clock
from appliance.db.database import Database
from appliance.domain import sessions, throttle
from appliance.errors import Problem
from tests.world import World


@pytest.fixture
def control(world: World) -> Iterator[Database]:
    with world.control() as opened:
        yield opened


def later(**by: float):  # type: ignore[no-untyped-def]
    return clock.frozen(clock.now() + timedelta(**by))


def test_a_session_slides_with_use(world: World, control: Database) -> None:
    token = sessions.start(control, world.bob.member.id, "test", 2)
    for hours in (1.5, 3.0, 4.5):
        with later(hours=hours):
            assert sessions.find(control, token, 2).user_id == world.bob.member.id
    with later(hours=7), pytest.raises(Problem) as caught:
        sessions.find(control, token, 2)
    assert caught.value.code == "session_expired"


def test_looking_often_writes_seldom(world: World, control: Database) -> None:
    token = sessions.start(control, world.bob.member.id, "test", 2)
    first = sessions.find(control, token, 2)
    with later(seconds=30):
        assert sessions.find(control, token, 2).seen_at == first.seen_at
    with later(seconds=61):
        assert sessions.find(control, token, 2).seen_at > first.seen_at


def test_revoking_all_ends_all(world: World, control: Database) -> None:
    for _ in range(3):
        sessions.start(control, world.bob.member.id, "test", 2)
    assert sessions.revoke_all(control, world.alice.actor, world.bob.member.id) == 4
    assert sessions.of_user(control, world.bob.member.id) == []


def test_one_of_them_is_ended_by_its_owner_only(world: World, control: Database) -> None:
    bob, otto = world.bob, world.otto
    [mine] = sessions.of_user(control, bob.member.id)
    with pytest.raises(Problem, match="no such session"):
        sessions.revoke_one(control, otto.actor, otto.member.id, mine.name)
    sessions.revoke_one(control, bob.actor, bob.member.id, mine.name)
    assert sessions.of_user(control, bob.member.id) == []


def test_all_others_end_and_the_asking_one_stays(world: World, control: Database) -> None:
    bob = world.bob
    mine = [sessions.start(control, bob.member.id, "test", 2) for _ in range(3)][1]
    assert sessions.revoke_others(control, bob.actor, bob.member.id, mine) == 3
    assert sessions.find(control, mine, 2)


def test_old_sessions_are_pruned(world: World, control: Database) -> None:
    with later(hours=25):
        assert sessions.prune(control) == 4
        assert sessions.prune(control) == 0


def test_the_wait_grows(control: Database) -> None:
    waits = []
    moment = clock.now()
    for _ in range(9):
        with clock.frozen(moment):
            try:
                throttle.attempt(control, "a@x.test", "10.0.0.1")
            except Problem as problem:
                assert problem.retry_after
                waits.append(problem.retry_after)
                moment += timedelta(seconds=problem.retry_after)
                with clock.frozen(moment):
                    throttle.attempt(control, "a@x.test", "10.0.0.1")
    assert waits == [30, 60, 120, 240]


def test_parallel_guesses_count_too(world: World) -> None:
    def guess(_: int) -> str:
        with world.control() as own:
            try:
                throttle.attempt(own, "a@x.test", "10.0.0.1")
            except Problem as problem:
                return problem.code
        return "tried"

    with ThreadPoolExecutor(12) as pool:
        ends = list(pool.map(guess, range(12)))
    assert ends.count("tried") == throttle.FREE_EMAIL


def test_one_address_can_not_try_everybody(control: Database) -> None:
    for n in range(throttle.FREE_ADDRESS):
        throttle.attempt(control, f"p{n}@x.test", "10.0.0.1")
    with pytest.raises(Problem):
        throttle.attempt(control, "another@x.test", "10.0.0.1")
    throttle.attempt(control, "another@x.test", "10.0.0.2")


def test_the_right_password_clears_the_count(control: Database) -> None:
    for _ in range(20):
        throttle.attempt(control, "a@x.test", "10.0.0.1")
        throttle.clear(control, "A@x.test ", "10.0.0.1")


def test_failures_are_forgotten(control: Database) -> None:
    for _ in range(5):
        throttle.attempt(control, "a@x.test", "10.0.0.1")
    with later(minutes=16):
        throttle.attempt(control, "a@x.test", "10.0.0.1")
        assert throttle.prune(control) == 10
