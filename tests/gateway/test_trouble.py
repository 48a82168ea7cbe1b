"""Every way a provider can fail, seen from the thread that asked: a code, a phase, a message without the secret."""

import threading

import pytest

from appliance.gateway.addresses import forbidden
from appliance.gateway.client import Gateway
from appliance.gateway.failures import FAILURES, ProviderFailure, backoff_s
from appliance.gateway.types import Account, ChatRequest, Message

from .scripted import Answer, ScriptedServer, http, sse

SECRET = "sk-very-secret"
HI = ChatRequest("m", (Message("user", "Hi"),))
HTML = "<html><body>Welcome to the router</body></html>"
TEXT = {"choices": [{"delta": {"content": "half"}}]}


def account(url: str, kind: str = "openai-compatible", **more: object) -> Account:
    return Account("a1", kind, url, SECRET, **more)  # type: ignore[arg-type]


def refused(
    gateway: Gateway, provider: ScriptedServer, answer: Answer, kind: str = "openai-compatible"
) -> ProviderFailure:
    provider.will(answer)
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(account(provider.url, kind), HI)
    return caught.value


def error(**fields: str) -> dict[str, object]:
    return {"error": {"message": "Something", **fields}}


@pytest.mark.parametrize("kind", ["openai-compatible", "anthropic"])
@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, error(type="authentication_error"), "provider_auth"),
        (403, error(), "provider_auth"),
        (402, error(), "provider_payment"),
        (429, error(code="insufficient_quota"), "provider_payment"),
        (400, error(message="Your credit balance is too low"), "provider_payment"),
        (404, error(), "provider_not_found"),
        (400, error(code="model_not_found"), "provider_not_found"),
        (400, error(), "provider_rejected"),
        (422, error(), "provider_rejected"),
        (400, error(code="context_length_exceeded"), "context_too_long"),
        (400, error(message="prompt is too long: 250000 tokens"), "context_too_long"),
        (413, error(type="request_too_large"), "context_too_long"),
        (408, error(), "provider_timeout"),
        (409, error(), "provider_error"),
        (429, error(type="rate_limit_error"), "provider_rate_limited"),
        (500, error(type="api_error"), "provider_error"),
        (500, HTML, "provider_error"),
        (502, "", "provider_error"),
        (503, {"error": "loading model"}, "provider_overloaded"),
        (529, error(type="overloaded_error"), "provider_overloaded"),
        (302, "", "provider_rejected"),
    ],
)
def test_a_status_finds_its_code(
    gateway: Gateway, provider: ScriptedServer, kind: str, status: int, body: object, code: str
) -> None:
    failure = refused(gateway, provider, http(status, body), kind)
    assert (failure.code, failure.status, failure.phase) == (code, status, "before_first_byte")
    assert len(provider.received) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": "7", "retry_after_ms": "1500"}, 1.5),
        ({"Retry_After": "Mon, 01 Jan 2001 00:00:00 GMT"}, 0.0),
        ({"Retry_After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after(
    gateway: Gateway, provider: ScriptedServer, headers: dict[str, str], seconds: float | None
) -> None:
    failure = refused(gateway, provider, http(429, error(), **headers))
    assert failure.retry_after == seconds
    assert failure.row.retryable


def test_the_message_is_the_providers_own_without_the_secret(gateway: Gateway, provider: ScriptedServer) -> None:
    failure = refused(gateway, provider, http(401, error(message=f"Bad key {SECRET}! " + "x" * 900), request_id="r1"))
    assert failure.message.startswith("Bad key [secret]! xxx")
    assert len(failure.message) == 500
    assert SECRET not in str(failure) + repr(account(provider.url))
    assert failure.request_id == "r1"


@pytest.mark.parametrize("kind", ["openai-compatible", "anthropic"])
@pytest.mark.parametrize(
    "answer",
    [
        http(200, HTML, Content_Type="text/html"),
        http(200, ""),
        http(200, {"hello": "world"}),
        sse("{not json"),
        sse('{"type": 5, "choices": 7}'),
        Answer(b"SSH-2.0-OpenSSH_9.6\r\n"),
    ],
    ids=["html", "empty", "other json", "bad line", "wrong types", "not http"],
)
def test_garbage(gateway: Gateway, provider: ScriptedServer, kind: str, answer: Answer) -> None:
    failure = refused(gateway, provider, answer, kind)
    assert failure.code == "provider_garbage"
    assert failure.message


@pytest.mark.parametrize(
    "answer", [sse(TEXT), sse(TEXT, whole=False), http(200, b'{"choices"', length=500)], ids=["ends", "drops", "short"]
)
def test_a_cut_stream_is_never_an_answer(gateway: Gateway, provider: ScriptedServer, answer: Answer) -> None:
    heard: list[str] = []
    provider.will(answer)
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(account(provider.url), HI, heard.append)
    assert (caught.value.code, caught.value.phase) == ("stream_cut", "mid_stream")
    assert caught.value.output_bytes == len("".join(heard))


@pytest.mark.parametrize(
    ("answer", "limits", "phase"),
    [
        (Answer(b"", hang=True), {"timeout_s": 0.15}, "connect"),
        (sse(TEXT, hang=True), {"timeout_s": 0.15}, "mid_stream"),
        (sse(TEXT, hang=True), {"silence_s": 0.15}, "mid_stream"),
    ],
    ids=["nothing", "too long", "silence"],
)
def test_silence_is_a_timeout(
    gateway: Gateway, provider: ScriptedServer, answer: Answer, limits: dict[str, float], phase: str
) -> None:
    provider.will(answer)
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(account(provider.url, **limits), HI)
    assert (caught.value.code, caught.value.phase) == ("provider_timeout", phase)
    assert provider.hung_up.wait(5)


def test_nobody_listens(gateway: Gateway) -> None:
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(account("http://127.0.0.1:9"), HI)
    assert (caught.value.code, caught.value.phase) == ("provider_unreachable", "connect")


def test_a_connection_that_closes_without_a_word(gateway: Gateway, provider: ScriptedServer) -> None:
    assert refused(gateway, provider, Answer(b"")).code == "provider_unreachable"


@pytest.mark.parametrize("url", ["", "not a url", "ftp://host/v1", "http://", "http://2852039166"])
def test_a_base_url_that_is_none(gateway: Gateway, url: str) -> None:
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(account(url), HI)
    assert caught.value.code == "provider_not_found"


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[fd00:ec2::254]", "[fe80::1]", "[::ffff:169.254.169.254]", "0xa9fea9fe"],
)
def test_metadata_addresses_are_never_called(gateway: Gateway, host: str) -> None:
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(account(f"http://{host}/v1", timeout_s=2), HI)
    assert caught.value.code == "provider_address_refused"


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.7", "::1", "8.8.8.8", "localhost", "fd00:ec2::253"])
def test_ordinary_addresses_may_be_called(host: str) -> None:
    assert not forbidden(host)


def test_cancelling_hangs_up(gateway: Gateway, provider: ScriptedServer) -> None:
    provider.will(sse(TEXT, hang=True))
    started = threading.Event()
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(account(provider.url), HI, lambda _: started.set(), started.is_set)
    assert caught.value.code == "cancelled"
    assert provider.hung_up.wait(1)


def test_closing_ends_the_calls_under_way(provider: ScriptedServer) -> None:
    own = Gateway()
    own.start()
    provider.will(sse(TEXT, hang=True))
    closer = threading.Thread(target=own.close)
    with pytest.raises(ProviderFailure) as caught:
        own.send(account(provider.url), HI, lambda _: closer.start())
    closer.join()
    assert caught.value.code == "cancelled"
    with pytest.raises(ProviderFailure):
        own.send(account(provider.url), HI)


def test_a_fault_of_the_caller_stays_the_callers(gateway: Gateway, provider: ScriptedServer) -> None:
    provider.will(sse(TEXT, hang=True))

    def broken(text: str) -> None:
        raise LookupError(text)

    with pytest.raises(LookupError):
        gateway.send(account(provider.url), HI, broken)
    assert provider.hung_up.wait(1)


def test_testing_an_account(gateway: Gateway, provider: ScriptedServer) -> None:
    provider.will(http(200, {"data": [{"id": "m1"}]}), http(401, error(message="no")))
    good = gateway.test(account(provider.url))
    assert (good.ok, good.models, good.failure) == (True, ("m1",), None)
    assert good.latency_ms > 0
    bad = gateway.test(account(provider.url))
    assert not bad.ok
    assert bad.failure is not None
    assert (bad.failure.code, bad.failure.message) == ("provider_auth", "no")


@pytest.mark.parametrize("code", FAILURES)
def test_every_row_says_what_to_do(code: str) -> None:
    row = FAILURES[code]
    assert row.title[0].isupper()
    assert row.what_to_do.endswith(".")
    assert row.retryable == (row.max_attempts > 1)


def test_backoff_outlasts_an_outage_and_reproduces() -> None:
    waits = [backoff_s("provider_overloaded", attempt, "run-1") for attempt in range(1, 8)]
    assert waits == [backoff_s("provider_overloaded", attempt, "run-1") for attempt in range(1, 8)]
    assert waits != [backoff_s("provider_overloaded", attempt, "run-2") for attempt in range(1, 8)]
    assert sum(waits) > 120
    assert max(waits) <= 300
    assert backoff_s("provider_rate_limited", 1, retry_after=90.0) == 90.0
