"""Alerts leave the box: signed webhooks, e-mails, ntfy; at least once, by one of the processes."""

import json
from collections.abc import Iterator

import pytest

from appliance import clock, diskspace, watchman
from appliance.db.database import Database
from appliance.domain import alert_channels, alert_letters, alert_rules, alerts
from appliance.domain.actor import SYSTEM
from appliance.domain.alert_channels import NewAlertChannel
from appliance.domain.alerts import Fault
from appliance.doors import Doors
from appliance.gateway.mail import Server
from appliance.gateway.notify import signed
from appliance.post import Post
from appliance.watchman import Watchman, on_duty
from tests.sinks import MailSink, WebSink, mail_sink, web_sink
from tests.waiting import until
from tests.world import World

BASE = "https://hq.acme.test"


@pytest.fixture
def control(world: World) -> Iterator[Database]:
    with world.control() as control:
        yield control


@pytest.fixture
def mailbox() -> Iterator[MailSink]:
    with mail_sink() as sink:
        yield sink


@pytest.fixture
def web() -> Iterator[WebSink]:
    with web_sink() as sink:
        yield sink


def post(world: World, sink: MailSink | None = None) -> Post:
    server = Server("127.0.0.1", sink.port, "none", "", "", "hq@acme.test") if sink else None
    return Post(world.vault, world.calls.accounts.gateway, server, lambda: BASE)


def add(world: World, control: Database, kind: alert_channels.Kind, url: str, topic: str = "", secret: str = "") -> str:
    made = alert_channels.add(control, SYSTEM, world.vault, NewAlertChannel(kind, url, topic=topic, secret=secret))
    return made.secret or made.channel.id


def raise_disk(control: Database) -> None:
    alerts.raise_(control, "disk.low", "", "critical", "1.0 GiB free (3.0%)")


def test_a_webhook_is_signed_and_says_what_to_do(world: World, control: Database, web: WebSink) -> None:
    secret = add(world, control, "webhook", web.url)
    raise_disk(control)
    assert watchman.send_due(control, world.vault, post(world)) == 1
    [got] = web.got
    said = json.loads(got.body)
    assert (said["type"], said["data"]["rule"]) == ("alert.raised", "disk.low")
    assert (said["data"]["text"], said["data"]["url"]) == ("1.0 GiB free (3.0%)", f"{BASE}/box/health")
    assert "Free some space" in said["data"]["what_to_do"]
    headers = {name.lower(): value for name, value in got.headers.items()}
    expected = signed(secret, headers["webhook-id"], int(headers["webhook-timestamp"]), got.body)
    assert headers["webhook-signature"] == expected["webhook-signature"]


def test_an_email_and_an_ntfy_message(world: World, control: Database, web: WebSink, mailbox: MailSink) -> None:
    add(world, control, "email", "ops@acme.test")
    add(world, control, "ntfy", web.url, "acme-ops", "tk_abcdefgh12345678")
    raise_disk(control)
    alerts.clear(control, "disk.low", "")
    assert watchman.send_due(control, world.vault, post(world, mailbox)) == 4
    assert [mail["Subject"] for mail in mailbox.got] == [
        "[AgentHQ] The disk is nearly full",
        "[AgentHQ] Over: The disk is nearly full",
    ]
    assert mailbox.got[0]["To"] == "ops@acme.test"
    bodies = [json.loads(got.body) for got in web.got]
    assert [(body["topic"], body["priority"]) for body in bodies] == [("acme-ops", 5), ("acme-ops", 3)]
    headers = {name.lower(): value for name, value in web.got[0].headers.items()}
    assert headers["authorization"] == "Bearer tk_abcdefgh12345678"


def test_what_did_not_arrive_is_sent_again(world: World, control: Database, web: WebSink) -> None:
    add(world, control, "webhook", web.url)
    web.statuses = [500]
    raise_disk(control)
    assert watchman.send_due(control, world.vault, post(world)) == 0
    with clock.frozen(clock.parse(clock.ahead(alert_letters.DELAYS_S[0] + 1))):
        assert watchman.send_due(control, world.vault, post(world)) == 1
    ids = {got.headers.get("webhook-id") or got.headers["Webhook-Id"] for got in web.got}
    assert (len(web.got), len(ids)) == (2, 1)


def test_a_test_is_sent_at_once_and_not_again(world: World, control: Database, web: WebSink) -> None:
    add(world, control, "webhook", web.url)
    [channel] = alert_channels.every(control)
    assert watchman.test(control, world.vault, post(world), channel.id).state == "sent"
    assert json.loads(web.got[0].body)["type"] == "alert.test"
    web.statuses = [500]
    failed = watchman.test(control, world.vault, post(world), channel.id)
    assert (failed.state, failed.detail[:12]) == ("failed", "Answered 500")
    assert alert_letters.due(control) == []


def test_without_a_mail_server_the_letter_says_so(world: World, control: Database) -> None:
    add(world, control, "email", "ops@acme.test")
    [channel] = alert_channels.every(control)
    assert "smtp_host is not set" in watchman.test(control, world.vault, post(world), channel.id).detail


def test_what_the_sweep_found_in_passing_is_raised_without_another_look(world: World, control: Database) -> None:
    def subjects() -> list[str]:
        return [alert.subject.partition("/")[0] for alert in alerts.open_ones(control) if alert.rule == fault.rule]

    fault = Fault("provider.down", "acme/main", "warning", "The account takes no calls.")
    assert fault.rule in alert_rules.LOOKED_AT
    alert_rules.watch(world.catalogue, worth=lambda _: [], passed={world.acme.id: [fault]})
    assert subjects() == ["acme"]
    alert_rules.watch(world.catalogue, worth=lambda _: [])
    assert subjects() == ["acme"]
    alert_rules.watch(world.catalogue, worth=lambda _: [], passed={world.acme.id: []})
    assert subjects() == []


def test_on_duty_it_looks_and_sends_by_itself(
    world: World, control: Database, web: WebSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchman, "SEND_S", 0.02)
    monkeypatch.setattr(watchman, "LOOK_S", 0.02)
    monkeypatch.setattr(diskspace, "look", lambda folder: diskspace.Space(3, 100))
    add(world, control, "webhook", web.url)
    with on_duty(Watchman(world.catalogue, world.vault, post(world), lambda: None, Doors(world.catalogue))):
        until(lambda: web.got)
        monkeypatch.setattr(diskspace, "look", lambda folder: diskspace.Space(50, 100))
        until(lambda: len(web.got) == 2)
    assert [json.loads(got.body)["type"] for got in web.got] == ["alert.raised", "alert.cleared"]
