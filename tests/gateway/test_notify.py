"""What leaves the box: e-mail over real SMTP, signed webhooks and ntfy over real HTTP, and which addresses never."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from appliance.gateway import smtp
from appliance.gateway.client import Gateway
from appliance.gateway.mail import Mail, Server
from appliance.gateway.notify import Posting, Undelivered, signed
from tests.sinks import MailSink, WebSink, mail_sink, web_sink
from tests.world import Theatre

MAIL = Mail("01", "bob@acme.test", "[Acme] Zwölf", "Text", "<p>Text</p>", datetime(2026, 11, 27, tzinfo=UTC), "07")


@pytest.fixture
def mailbox() -> Iterator[MailSink]:
    with mail_sink() as sink:
        yield sink


@pytest.fixture
def web() -> Iterator[WebSink]:
    with web_sink() as sink:
        yield sink


@pytest.fixture
def gateway(theatre: Theatre) -> Gateway:
    return theatre.gateway


def server(sink: MailSink, **more: Any) -> Server:
    given = {"security": "none", "user": "", "password": "", "sender": "AgentHQ <hq@acme.test>"} | more
    return Server("127.0.0.1", sink.port, **given)


def refused(sink: MailSink, **more: Any) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        smtp.send(server(sink, **more), MAIL)
    return caught.value


def test_a_mail_arrives_as_text_and_html(mailbox: MailSink) -> None:
    assert smtp.send(server(mailbox), MAIL) == "Taken by 127.0.0.1."
    [got] = mailbox.got
    named = {name: got[name] for name in ("From", "To", "Subject", "Message-ID", "References", "Auto-Submitted")}
    assert named == {
        "From": "AgentHQ <hq@acme.test>",
        "To": "bob@acme.test",
        "Subject": "[Acme] Zwölf",
        "Message-ID": "<01@acme.test>",
        "References": "<07@acme.test>",
        "Auto-Submitted": "auto-generated",
    }
    assert [part.get_content_type() for part in got.iter_parts()] == ["text/plain", "text/html"]
    assert mailbox.logins == []


def test_it_signs_in_where_there_is_a_user(mailbox: MailSink) -> None:
    smtp.send(server(mailbox, user="hq", password="secret-word-1"), MAIL)
    assert base64.b64decode(mailbox.logins[0].split()[-1]) == b"\0hq\0secret-word-1"


def test_a_second_try_has_the_same_message_id(mailbox: MailSink) -> None:
    for _ in range(2):
        smtp.send(server(mailbox), MAIL)
    assert {got["Message-ID"] for got in mailbox.got} == {"<01@acme.test>"}


@pytest.mark.parametrize(
    ("answers", "again", "closed", "said"),
    [
        (["550 no such user"], False, False, "550 no such user"),
        (["450 mailbox busy"], True, False, "450 mailbox busy"),
        (["250 ok", "451 try later"], True, True, "451 try later"),
        (["250 ok", "554 spam"], True, True, "554 spam"),
    ],
)
def test_what_a_mail_server_refuses(
    mailbox: MailSink, answers: list[str], again: bool, closed: bool, said: str
) -> None:
    mailbox.answers = answers
    failure = refused(mailbox)
    assert (failure.again, failure.closed, said in str(failure)) == (again, closed, True)
    assert mailbox.got == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_without_encryption_gets_nothing_where_it_is_wanted(mailbox: MailSink, security: str) -> None:
    failure = refused(mailbox, security=security, user="hq", password="secret-word-1")
    assert failure.closed and mailbox.logins == [] and mailbox.got == []


def test_a_mail_server_that_is_not_there_is_tried_again(mailbox: MailSink) -> None:
    with pytest.raises(Undelivered) as caught:
        smtp.send(Server("127.0.0.1", 1, "none", "", "", "hq@acme.test"), MAIL)
    assert (caught.value.again, caught.value.closed) == (True, True)
    with pytest.raises(Undelivered, match="never called"):
        smtp.send(Server("169.254.169.254", 25, "none", "", "", "hq@acme.test"), MAIL)


def test_a_header_cannot_be_smuggled_in(mailbox: MailSink) -> None:
    with pytest.raises(Undelivered):
        smtp.send(server(mailbox), Mail("01", "bob@acme.test", "Hi\r\nBcc: eve@evil.test", "T", "T", MAIL.at))
    assert mailbox.got == []


def test_a_webhook_is_signed_as_standard_webhooks_says(web: WebSink, gateway: Gateway) -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    body = b'{"type":"x"}'
    headers = signed(secret, "msg_1", 1_700_000_000, body)
    assert gateway.post(Posting(f"{web.url}/in?a=1", headers, body, private=True)) == "Answered 200."
    [got] = web.got
    assert (got.path, got.body, got.headers["webhook-id"]) == ("/in?a=1", body, "msg_1")
    mac = hmac.new(b"k" * 32, b"msg_1.1700000000." + body, hashlib.sha256).digest()
    assert got.headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()


def test_the_signature_is_that_of_the_specifications_example() -> None:
    """Standard Webhooks, reference libraries' test vector."""
    body = b'{"test": 2432232314}'
    made = signed("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "again", "closed"),
    [
        (500, True, True),
        (503, True, True),
        (429, True, True),
        (404, True, True),
        (400, True, False),
        (410, False, False),
    ],
)
def test_what_a_receiver_refuses(web: WebSink, gateway: Gateway, status: int, again: bool, closed: bool) -> None:
    web.statuses = [status]
    with pytest.raises(Undelivered, match=f"Answered {status}: ok") as caught:
        gateway.post(Posting(web.url, {}, b"{}", private=True))
    assert (caught.value.again, caught.value.closed) == (again, closed)


def test_a_redirect_is_not_followed(web: WebSink, gateway: Gateway) -> None:
    web.statuses = [302]
    with pytest.raises(Undelivered, match="Answered 302"):
        gateway.post(Posting(web.url, {}, b"{}", private=True))
    assert len(web.got) == 1


@pytest.mark.parametrize(
    ("url", "private", "said"),
    [
        ("http://127.0.0.1:1/", False, "not public"),
        ("http://localhost:1/", False, "not public"),
        ("http://[::ffff:10.0.0.1]/", False, "not public"),
        ("http://169.254.169.254/latest", True, "never called"),
        ("http://[fe80::1]/", True, "never called"),
    ],
)
def test_addresses_that_are_not_called(web: WebSink, gateway: Gateway, url: str, private: bool, said: str) -> None:
    with pytest.raises(Undelivered, match=said):
        gateway.post(Posting(url, {}, b"{}", private))
