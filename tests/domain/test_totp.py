"""The second step: right codes once, a step of skew, ten codes on paper, guesses slowed down."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from pyotp import TOTP

from appliance import clock
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.domain import members, sessions, tenants, totp, users
from appliance.errors import Problem
from tests.world import World


class Phone:
    """Bob's, with the box's secret in it; time stands still and is moved by hand."""

    def __init__(self, world: World, control: Database) -> None:
        self.world, self.control, self.id = world, control, world.bob.member.id
        self.secret = totp.begin(control, world.vault, self.id).secret
        self.paper = totp.confirm(control, world.vault, world.bob.actor, self.id, self.code())

    def code(self, steps: int = 0) -> str:
        return TOTP(self.secret).at(clock.now(), counter_offset=steps)

    def check(self, code: str) -> None:
        totp.check(self.control, self.world.vault, self.id, code)


@pytest.fixture
def control(world: World) -> Iterator[Database]:
    with world.control() as opened, clock.frozen(clock.parse("2026-11-27T12:00:00Z")):
        yield opened


@pytest.fixture
def phone(world: World, control: Database) -> Phone:
    return Phone(world, control)


def later(seconds: float):  # type: ignore[no-untyped-def]
    return clock.frozen(clock.now() + timedelta(seconds=seconds))


def test_it_begins_with_the_first_right_code(world: World, control: Database) -> None:
    bob = world.bob.member.id
    begun = totp.begin(control, world.vault, bob)
    assert begun == totp.begin(control, world.vault, bob)
    assert begun.uri == f"otpauth://totp/AgentHQ:bob%40acme.test?secret={begun.secret}&issuer=AgentHQ"
    with pytest.raises(Problem, match="not right"):
        totp.confirm(control, world.vault, world.bob.actor, bob, "000000")
    assert users.by_id(control, bob).totp_at is None
    codes = totp.confirm(control, world.vault, world.bob.actor, bob, TOTP(begun.secret).at(clock.now()))
    assert (len(set(codes)), totp.codes_left(control, bob)) == (10, 10)
    assert users.by_id(control, bob).totp_at
    with pytest.raises(Problem, match="on already"):
        totp.begin(control, world.vault, bob)


def test_nothing_stored_tells_the_secret_or_a_code(phone: Phone, control: Database) -> None:
    stored = str(control.rows("SELECT * FROM users") + control.rows("SELECT * FROM recovery_codes"))
    assert not [text for text in (phone.secret, *phone.paper) if text in stored]


def test_a_code_works_once(phone: Phone) -> None:
    with later(60):
        phone.check(phone.code())
        with pytest.raises(Problem, match="Each code works once"):
            phone.check(phone.code())


def test_of_many_with_the_same_code_one_is_let_in(world: World, phone: Phone) -> None:
    with later(60):
        code = phone.code()

        def check(_: int) -> bool:
            with world.control() as own:
                try:
                    totp.check(own, world.vault, phone.id, code)
                except Problem:
                    return False
                return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(check, range(4))) == 1


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clocks_may_differ_by_one_step(phone: Phone, steps: int, taken: bool) -> None:
    with later(300):
        if taken:
            phone.check(phone.code(steps))
        else:
            with pytest.raises(Problem):
                phone.check(phone.code(steps))


def test_an_earlier_step_is_no_way_around(phone: Phone) -> None:
    with later(300):
        phone.check(phone.code(1))
        for steps in (0, -1):
            with pytest.raises(Problem):
                phone.check(phone.code(steps))


def test_a_recovery_code_works_once_however_it_is_typed(phone: Phone, control: Database) -> None:
    phone.check(f" {phone.paper[0].upper().replace('-', ' ')} ")
    assert totp.codes_left(control, phone.id) == 9
    with pytest.raises(Problem):
        phone.check(phone.paper[0])


def test_a_recovery_code_of_somebody_else_opens_nothing(world: World, phone: Phone, control: Database) -> None:
    otto = world.otto.member.id
    secret = totp.begin(control, world.vault, otto).secret
    totp.confirm(control, world.vault, world.otto.actor, otto, TOTP(secret).at(clock.now()))
    with pytest.raises(Problem):
        totp.check(control, world.vault, otto, phone.paper[0])


def test_new_recovery_codes_end_the_old(world: World, phone: Phone, control: Database) -> None:
    with later(60):
        fresh = totp.renew_codes(control, world.vault, world.bob.actor, phone.id, phone.code())
    with pytest.raises(Problem):
        phone.check(phone.paper[1])
    phone.check(fresh[1])


@pytest.mark.parametrize("code", ["", "12345", "1234567", "１２３４５６", "abcdef", "x" * 5000, "\x00"])
def test_what_is_no_code_is_refused(phone: Phone, code: str) -> None:
    with pytest.raises(Problem, match="not right"):
        phone.check(code)


def test_guesses_must_wait_and_the_right_code_waits_with_them(phone: Phone) -> None:
    with later(60):
        for _ in range(5):
            with pytest.raises(Problem, match="not right"):
                phone.check("000000")
        with pytest.raises(Problem) as caught:
            phone.check(phone.code())
        assert (caught.value.code, caught.value.retry_after) == ("rate_limited", 30)
    with later(91):
        phone.check(phone.code())


def test_the_step_after_the_password_is_for_one_person_and_five_minutes(world: World, phone: Phone) -> None:
    control, vault = phone.control, world.vault
    token = totp.start_step(control, phone.id)
    with later(60):
        assert totp.finish_step(control, vault, token, phone.code()) == phone.id
        with pytest.raises(Problem) as again:
            totp.finish_step(control, vault, token, phone.paper[0])
    slow = totp.start_step(control, phone.id)
    with later(301), pytest.raises(Problem) as late:
        totp.finish_step(control, vault, slow, phone.code())
    assert [again.value.code, late.value.code] == ["session_expired"] * 2


def test_turned_off_by_oneself_with_a_code_only(world: World, phone: Phone, control: Database) -> None:
    with pytest.raises(Problem):
        totp.turn_off(control, world.vault, world.bob.actor, phone.id, "000000")
    totp.turn_off(control, world.vault, world.bob.actor, phone.id, phone.paper[3])
    assert (users.by_id(control, phone.id).totp_at, totp.codes_left(control, phone.id)) == (None, 0)


def test_a_reset_ends_sessions_and_codes(world: World, phone: Phone, control: Database) -> None:
    totp.reset(control, world.alice.actor, phone.id)
    assert users.by_id(control, phone.id).totp_at is None
    assert sessions.of_user(control, phone.id) == []
    with pytest.raises(Problem):
        phone.check(phone.paper[0])


def test_a_tenant_asks_its_admins_and_owners(world: World, control: Database) -> None:
    totp.require(control, world.alice.actor, world.acme.id, True)
    acme = tenants.by_id(control, world.acme.id)
    owed = {m.name: totp.owed(acme, m) for m in members.every(control, acme.id)}
    assert owed == {"Alice": True, "Bob": False, "Otto": False}


def test_a_new_master_key_keeps_the_phones(world: World, phone: Phone, control: Database) -> None:
    other = Vault(bytes(32), lambda _: "")
    assert totp.seal_anew(control, world.vault, other) == 1
    with later(60):
        totp.check(control, other, phone.id, phone.code())
