"""Where an account may be called: checked at the literal address, and again at what a name resolves to."""

import socket
from collections.abc import Callable

import pytest

from appliance.gateway.addresses import refusal
from appliance.gateway.client import Gateway
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.types import Account, ChatRequest, Message

from .scripted import ScriptedServer, http

HI = ChatRequest("m", (Message("user", "Hi"),))
Resolves = Callable[..., list[str]]


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch) -> Resolves:
    """`resolves(name, first, second…)`: what DNS answers look-up after look-up, the last one for good; what it gave."""

    def to(name: str, *answers: str) -> list[str]:
        left, plain, given = list(answers), socket.getaddrinfo, list[str]()

        def look_up(host: str, port: int, *more: object, **named: object) -> object:
            if host != name:
                return plain(host, port, *more, **named)  # type: ignore[arg-type]
            address = left.pop(0) if len(left) > 1 else left[0]
            given.append(address)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return given

    return to


def refused(gateway: Gateway, url: str, public_only: bool = True) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as caught:
        gateway.send(Account("a", "openai-compatible", url, "sk-1", timeout_s=2, public_only=public_only), HI)
    return caught.value


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.8",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "[::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "localhost",
    ],
)
def test_an_account_without_the_switch_is_never_called_at_a_private_address(gateway: Gateway, host: str) -> None:
    failure = refused(gateway, f"http://{host}:9/v1")
    assert (failure.code, failure.phase) == ("provider_address_refused", "connect")
    assert "An owner can allow private addresses for this account." in failure.message


def test_an_account_with_the_switch_is_called_there(gateway: Gateway, provider: ScriptedServer) -> None:
    provider.will(http(401, {"error": {"message": "no"}}))
    assert refused(gateway, provider.url, public_only=False).code == "provider_auth"


@pytest.mark.parametrize("public_only", [True, False])
@pytest.mark.parametrize("host", ["169.254.169.254", "100.100.100.200", "[fe80::1]", "[fd00:ec2::254]"])
def test_no_switch_opens_link_local_and_metadata_addresses(gateway: Gateway, host: str, public_only: bool) -> None:
    failure = refused(gateway, f"http://{host}/v1", public_only)
    assert failure.code == "provider_address_refused" and "never called" in failure.message


def test_a_name_is_judged_by_what_it_resolves_to(
    gateway: Gateway, provider: ScriptedServer, resolves: Resolves
) -> None:
    port = provider.url.rpartition(":")[2]
    resolves("models.example", "127.0.0.1")
    failure = refused(gateway, f"http://models.example:{port}/v1")
    assert failure.code == "provider_address_refused"
    assert failure.message.startswith("models.example is 127.0.0.1: not public.")
    assert provider.received == []
    provider.will(http(401, {"error": {"message": "no"}}))
    assert refused(gateway, f"http://models.example:{port}/v1", public_only=False).code == "provider_auth"


def test_a_name_that_is_rebound_after_the_check_leads_nowhere(
    gateway: Gateway, provider: ScriptedServer, resolves: Resolves
) -> None:
    """The address that was checked is the one that is called: there is no second look-up to swap it in."""
    port = provider.url.rpartition(":")[2]
    looked = resolves("rebound.example", "127.0.0.1", "169.254.169.254")
    provider.will(http(401, {"error": {"message": "no"}}))
    assert refused(gateway, f"http://rebound.example:{port}/v1", public_only=False).code == "provider_auth"
    assert looked == ["127.0.0.1"]


def test_a_connection_of_an_account_with_the_switch_serves_no_other(
    gateway: Gateway, provider: ScriptedServer, resolves: Resolves
) -> None:
    port = provider.url.rpartition(":")[2]
    resolves("shared.example", "127.0.0.1")
    provider.will(http(401, {"error": {"message": "no"}}))
    assert refused(gateway, f"http://shared.example:{port}/v1", public_only=False).code == "provider_auth"
    assert refused(gateway, f"http://shared.example:{port}/v1").code == "provider_address_refused"
    assert len(provider.received) == 1


def test_a_redirect_is_not_followed(gateway: Gateway, provider: ScriptedServer) -> None:
    provider.will(http(307, "", Location="http://169.254.169.254/latest"))
    failure = refused(gateway, provider.url, public_only=False)
    assert failure.code == "provider_rejected" and "redirects are not followed" in failure.message
    assert len(provider.received) == 1


@pytest.mark.parametrize(
    ("address", "public_only", "said"),
    [
        ("8.8.8.8", True, ""),
        ("10.0.0.1", False, ""),
        ("10.0.0.1", True, "not public"),
        ("169.254.1.1", False, "never called"),
        ("models.example", True, ""),
    ],
)
def test_the_reason_is_said(address: str, public_only: bool, said: str) -> None:
    found = refusal("host.example", address, public_only)
    assert said in found and bool(found) is bool(said)


@pytest.mark.parametrize("takes", [True, False])
def test_an_account_that_does_not_take_stream_options_is_not_sent_them(
    gateway: Gateway, provider: ScriptedServer, takes: bool
) -> None:
    provider.will(http(401, {"error": {"message": "no"}}))
    with pytest.raises(ProviderFailure):
        gateway.send(Account("a", "openai-compatible", provider.url, "sk-1", stream_options=takes), HI)
    assert ("stream_options" in provider.received[0].body) is takes
