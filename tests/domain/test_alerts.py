"""Alerts of the box: raised once, cleared when it is over, told again after a day, acknowledged by a person."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from appliance import clock, diskspace, ids
from appliance.db.database import Database
from appliance.domain import alert_channels, alert_letters, alert_rules, alerts, budgets, heartbeats, samples
from appliance.domain.actor import SYSTEM
from appliance.domain.alert_channels import NewAlertChannel
from appliance.domain.alerts import Alert
from appliance.domain.providers import Provider
from appliance.errors import Problem
from tests import proving
from tests.domain.spending import Spent, book
from tests.world import World

HOOK = NewAlertChannel("webhook", "https://pager.acme.test/in")


@pytest.fixture
def control(world: World) -> Iterator[Database]:
    with world.control() as control:
        yield control


@pytest.fixture
def channel(world: World, control: Database) -> str:
    return alert_channels.add(control, SYSTEM, world.vault, HOOK).channel.id


def later(seconds: float) -> AbstractContextManager[None]:
    return clock.frozen(clock.now() + timedelta(seconds=seconds))


def letters(control: Database) -> list[str]:
    return [row["event"] for row in control.rows("SELECT event FROM alert_letters ORDER BY id")]


def open_rules(control: Database) -> list[tuple[str, str, str]]:
    return [(alert.rule, alert.subject, alert.severity) for alert in alerts.open_ones(control)]


def raise_disk(control: Database, said: str = "1.0 GiB free (3.0%)") -> Alert:
    return alerts.raise_(control, "disk.low", "", "critical", said)


def test_an_alert_is_raised_once_and_keeps_its_newest_words(control: Database, channel: str) -> None:
    first = raise_disk(control)
    second = raise_disk(control, "0.9 GiB free (2.7%)")
    assert (second.id, second.said) == (first.id, "0.9 GiB free (2.7%)")
    assert letters(control) == ["raised"]


def test_what_is_over_is_told_once_and_may_be_raised_anew(control: Database, channel: str) -> None:
    first = raise_disk(control)
    assert alerts.clear(control, "disk.low", "") is True
    assert alerts.clear(control, "disk.low", "") is False
    assert raise_disk(control).id != first.id
    assert letters(control) == ["raised", "cleared", "raised"]
    assert [alert.id for alert in alerts.history(control).items] == [first.id]


def test_what_stays_open_is_told_again_after_a_day(control: Database, channel: str) -> None:
    raise_disk(control)
    assert alerts.remind(control) == 0
    with later(alerts.AGAIN_S + 1):
        assert (alerts.remind(control), alerts.remind(control)) == (1, 0)
    assert letters(control) == ["raised", "again"]


def test_what_somebody_looks_after_is_not_told_again(world: World, control: Database, channel: str) -> None:
    found = alerts.acknowledge(control, world.alice.actor, raise_disk(control).id)
    with later(alerts.AGAIN_S + 1):
        assert alerts.remind(control) == 0
    assert found.acknowledged_by == world.alice.actor.label
    assert control.value("SELECT COUNT(*) FROM audit WHERE action = 'alert.acknowledged'") == 1


def test_old_alerts_are_forgotten_with_their_letters(control: Database, channel: str) -> None:
    raise_disk(control)
    alerts.clear(control, "disk.low", "")
    for one in alert_letters.due(control):
        held = alert_letters.take(control, one)
        assert held
        alert_letters.sent(control, held, "Answered 200.")
    with later(alerts.KEPT_S + 1):
        assert alerts.prune(control) == 1
    assert letters(control) == []


def test_the_history_is_paged(control: Database) -> None:
    for n in range(5):
        alerts.raise_(control, "provider.down", f"acme/{n}", "warning", "It rests.")
        alerts.clear(control, "provider.down", f"acme/{n}")
    first = alerts.history(control, 3)
    rest = alerts.history(control, 3, first.next_cursor or "")
    assert [alert.subject for alert in (*first.items, *rest.items)] == [f"acme/{n}" for n in (4, 3, 2, 1, 0)]
    assert rest.next_cursor is None


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewAlertChannel("webhook", "ftp://x"), "url"),
        (NewAlertChannel("email", "nobody"), "url"),
        (NewAlertChannel("ntfy", "https://ntfy.test", topic="a b"), "topic"),
        (NewAlertChannel("webhook", "https://x.test", secret="short"), "secret"),
    ],
)
def test_a_channel_that_can_not_work_is_refused_at_its_field(
    world: World, control: Database, new: NewAlertChannel, field: str
) -> None:
    with pytest.raises(Problem) as refused:
        alert_channels.add(control, SYSTEM, world.vault, new)
    assert list(refused.value.errors) == [field]


def test_a_channels_secret_is_sealed_and_opens_again(world: World, control: Database) -> None:
    made = alert_channels.add(control, SYSTEM, world.vault, HOOK)
    stored = control.value("SELECT secret FROM alert_channels")
    assert made.secret.startswith("whsec_")
    assert made.secret not in stored
    assert alert_channels.opened(control, world.vault, made.channel.id) == made.secret


def test_removing_a_channel_takes_what_waits_with_it(control: Database, channel: str) -> None:
    raise_disk(control)
    alert_channels.remove(control, SYSTEM, channel)
    assert (letters(control), alert_channels.every(control)) == ([], [])


def test_two_senders_do_not_take_the_same_letter(control: Database, channel: str) -> None:
    raise_disk(control)
    [waiting] = alert_letters.due(control)
    assert alert_letters.take(control, waiting) is not None
    assert alert_letters.take(control, waiting) is None
    assert alert_letters.due(control) == []


def test_a_letter_is_put_off_and_given_up_after_some_hours(control: Database, channel: str) -> None:
    raise_disk(control)
    for n in range(len(alert_letters.DELAYS_S) + 1):
        with later(7201 * n + 1):
            [waiting] = alert_letters.due(control)
            held = alert_letters.take(control, waiting)
            assert held
            alert_letters.not_sent(control, held, "No answer.", again=True)
    with later(86_400):
        assert alert_letters.due(control) == []
    assert alert_letters.last(control)[channel].state == "failed"


def test_a_box_that_works_has_no_alert(world: World, control: Database) -> None:
    heartbeats.beat(control, "scheduler", "1-a")
    alert_rules.watch(world.catalogue)
    assert open_rules(control) == []


def test_a_scheduler_that_falls_silent_and_comes_back(
    world: World, control: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    heartbeats.beat(control, "scheduler", "1-a")
    control.execute("UPDATE heartbeats SET at = :then", {"then": control.now(-31)})
    alert_rules.watch(world.catalogue)
    assert open_rules(control) == [("scheduler.silent", "scheduler", "critical")]
    heartbeats.beat(control, "scheduler", "2-b")
    alert_rules.watch(world.catalogue)
    assert open_rules(control) == []


def test_a_scheduler_that_ended_in_order_is_not_missed(world: World, control: Database) -> None:
    heartbeats.beat(control, "scheduler", "1-a")
    heartbeats.stop(control, "1-a")
    alert_rules.watch(world.catalogue)
    assert open_rules(control) == []


@pytest.mark.parametrize(("free", "severity"), [(3, "critical"), (8, "warning"), (50, "")])
def test_a_disk_that_fills(
    world: World, control: Database, monkeypatch: pytest.MonkeyPatch, free: int, severity: str
) -> None:
    monkeypatch.setattr(diskspace, "look", lambda folder: diskspace.Space(free, 100))
    alert_rules.watch(world.catalogue)
    assert open_rules(control) == ([("disk.low", "", severity)] if severity else [])


@pytest.mark.parametrize(("days", "severity"), [(-1, "critical"), (3, "critical"), (15, "warning"), (60, "")])
def test_a_certificate_that_ends(world: World, control: Database, days: int, severity: str) -> None:
    alert_rules.watch(world.catalogue, clock.iso(clock.now() + timedelta(days=days, minutes=1)))
    assert open_rules(control) == ([("certificate.ending", "", severity)] if severity else [])


@pytest.mark.parametrize(("spent", "rule"), [(79, ""), (80, "budget.80"), (100, "budget.100")])
def test_a_budget_that_is_used_up(world: World, control: Database, spent: int, rule: str) -> None:
    with world.db() as db:
        budgets.put(db, SYSTEM, "tenant", "", "month", 100 * 10**9)
        book(db, Spent(spent * 10**9))
    alert_rules.watch(world.catalogue)
    assert [alert.rule for alert in alerts.open_ones(control)] == ([rule] if rule else [])


def account(world: World) -> Provider:
    with world.db() as db:
        return samples.add_simulated(db, SYSTEM, world.vault)


def test_an_account_that_is_out(world: World, control: Database) -> None:
    found = account(world)
    with world.db() as db:
        db.update("providers", {"id": found.id}, out_at=clock.iso(), out_reason="The provider refused the key.")
    alert_rules.watch(world.catalogue)
    [alert] = alerts.open_ones(control)
    assert (alert.rule, alert.subject, alert.said) == (
        "provider.down",
        f"acme/{found.name}",
        "The provider refused the key.",
    )


@pytest.mark.parametrize(("failed", "raised"), [(6, True), (5, False)])
def test_many_calls_that_fail(world: World, control: Database, failed: int, raised: bool) -> None:
    found = account(world)
    with world.db() as db:
        for n in range(20):
            row = {"id": ids.new(), "provider_id": found.id, "model": "m", "state": "failed" if n < failed else "ok"}
            row |= {"estimate_nano": 0, "simulated": True, "day": clock.iso()[:10], "started_at": clock.iso()}
            db.insert("calls", row)
    alert_rules.watch(world.catalogue)
    assert [alert.rule for alert in alerts.open_ones(control)] == (["calls.failing"] if raised else [])


def test_a_tenant_whose_database_does_not_open(world: World, control: Database) -> None:
    alerts.raise_(control, "calls.failing", "acme", "warning", "6 of 20 failed.")
    break_database(world)
    alert_rules.watch(world.catalogue)
    # What was open of the tenant is not taken for over: nobody can look.
    assert [(rule, subject) for rule, subject, _ in open_rules(control)] == [
        ("tenant.maintenance", "acme"),
        ("calls.failing", "acme"),
    ]


def break_database(world: World) -> None:
    file = world.catalogue.folder / "tenants" / world.acme.id / "tenant.db"
    if not file.exists():
        pytest.skip("a schema of PostgreSQL is not a file")
    world.catalogue.close()
    os.rename(file, file.with_name("gone"))


@pytest.mark.parametrize(
    ("state", "drilled_days_ago", "rules"),
    [("verified", 1, []), ("failed", 1, ["backup.failed"]), ("verified", 15, ["drill.overdue"])],
)
def test_backups_and_drills(world: World, state: str, drilled_days_ago: int, rules: list[str]) -> None:
    with world.control() as control:
        proving.backup(control, world.acme.id, clock.ahead(-7200))
        proving.backup(control, world.acme.id, clock.ahead(-3600), state)
        proving.drill(control, world.acme.id, clock.ahead(-86_400 * drilled_days_ago))
        alert_rules.watch(world.catalogue)
        assert [alert.rule for alert in alerts.open_ones(control)] == rules


def test_every_rule_says_what_to_do() -> None:
    assert {rule for rule in alert_rules.LOOKED_AT if not alerts.RULES[rule].fix} == set()
    assert set(alerts.RULES) == alert_rules.LOOKED_AT


def test_a_look_that_is_cut_clears_nothing(world: World, control: Database) -> None:
    """The tenant with the budget comes last: it was not looked into."""
    alerts.raise_(control, "budget.100", "globex/tenant//month", "critical", "100% of $1.00 per month is spent.")
    alert_rules.watch(world.catalogue, pause=lambda _: True)
    assert ("budget.100", "globex/tenant//month", "critical") in open_rules(control)
    alert_rules.watch(world.catalogue, pause=lambda _: False)
    assert open_rules(control) == []
