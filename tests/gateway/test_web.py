"""Pages of the web: only what is allowed, and never an address that could hurt the box, however it is written."""

import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from appliance.gateway.addresses import private
from appliance.gateway.client import Gateway
from appliance.gateway.fetching import Fetched, Request, Unfetched, refusal

from .scripted import Answer, ScriptedServer, http


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Names and what they resolve to in this test, beside what the machine knows."""
    known: dict[str, str] = {}
    real = socket.getaddrinfo

    def lookup(host, *args, **kwargs):  # type: ignore[no-untyped-def]
        return real(known.get(host, host), *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    yield known


def place(provider: ScriptedServer, host: str = "127.0.0.1") -> str:
    return f"{host}:{urlsplit(provider.url).port}"


def page(gateway: Gateway, url: str, *allow: str) -> Fetched:
    return gateway.fetch(url, allow)


def fault(gateway: Gateway, url: str, *allow: str) -> str:
    with pytest.raises(Unfetched) as caught:
        gateway.fetch(url, allow)
    return str(caught.value)


def test_a_page_of_an_allowed_host_is_read(gateway: Gateway, provider: ScriptedServer) -> None:
    provider.will(http(200, "Größe", Content_Type="text/plain; charset=utf-8"))
    found = page(gateway, f"http://{place(provider)}/a?b=c", place(provider))
    assert (found.status, found.content_type, found.text, found.cut) == (200, "text/plain", "Größe", False)
    assert (provider.received[0].method, provider.received[0].path) == ("GET", "/a?b=c")
    assert "cookie" not in provider.received[0].headers


def test_nothing_is_allowed_at_first_and_the_refusal_says_how(gateway: Gateway) -> None:
    assert fault(gateway, "https://example.com/x").endswith("A person can allow it: agenthq host allow example.com")
    assert "agenthq host allow localhost:3000" in fault(gateway, "http://localhost:3000/", "localhost")


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]"])
def test_metadata_and_link_local_are_never_read(gateway: Gateway, host: str) -> None:
    bare = host.strip("[]")
    assert "never called" in fault(gateway, f"http://{host}/latest/meta-data", host, bare, f"private {host}")


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/", "http://2130706433:{}/", "http://0x7f.1:{}/", "http://0:{}/"])
def test_this_machine_is_not_read_unasked(gateway: Gateway, provider: ScriptedServer, url: str) -> None:
    port = place(provider).rpartition(":")[2]
    assert "not allowed" in fault(gateway, url.format(port), "example.com", "*.com")
    assert provider.received == []


def test_ipv6_loopback_needs_its_own_entry(gateway: Gateway) -> None:
    assert "not allowed" in fault(gateway, "http://[::1]:9/", "localhost:9")
    assert "can't be read" in fault(gateway, "http://[::1]:9/", "[::1]:9")


def test_a_name_that_leads_to_this_machine_is_refused_after_dns(
    gateway: Gateway, provider: ScriptedServer, names: dict[str, str]
) -> None:
    names |= {"evil.example.com": "127.0.0.1", "meta.example.com": "169.254.169.254"}
    evil = place(provider, "evil.example.com")
    assert "is 127.0.0.1, which is not public" in fault(gateway, f"http://{evil}/", evil)
    assert "never called" in fault(gateway, "http://meta.example.com/", "private meta.example.com")
    assert provider.received == []
    provider.will(http(200, "ours"))
    assert page(gateway, f"http://{evil}/", f"private {evil}").body == b"ours"


def test_the_connection_goes_to_the_address_that_was_checked(
    gateway: Gateway, provider: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host, *args, **kwargs):  # type: ignore[no-untyped-def]
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "169.254.169.254", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    host = place(provider, "rebind.example.com")
    provider.will(http(200, "ours"))
    assert page(gateway, f"http://{host}/", f"private {host}").body == b"ours"
    assert asked == ["rebind.example.com"]


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest", "http://localhost:1/", "file:///etc/passwd", "//[::1]/"]
)
def test_a_redirect_is_judged_like_the_first_url(gateway: Gateway, provider: ScriptedServer, target: str) -> None:
    provider.will(http(302, "", Location=target))
    assert fault(gateway, f"http://{place(provider)}/", place(provider))
    assert len(provider.received) == 1


def test_an_allowed_redirect_is_followed_but_not_for_ever(gateway: Gateway, provider: ScriptedServer) -> None:
    provider.will(http(301, "", Location="/b"), http(200, "there"))
    found = page(gateway, f"http://{place(provider)}/a", place(provider))
    assert (found.body, found.url) == (b"there", f"http://{place(provider)}/b")
    provider.will(*[http(302, "", Location="/again")] * 9)
    assert "more than 5 redirects" in fault(gateway, f"http://{place(provider)}/", place(provider))


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "example.com", "http://", "http://u:p@example.com/", "http://[::1"]
)
def test_what_is_no_plain_url_is_refused(gateway: Gateway, url: str) -> None:
    assert fault(gateway, url, "example.com")


def test_a_page_is_cut_at_a_megabyte(gateway: Gateway, provider: ScriptedServer) -> None:
    provider.will(http(200, b"x" * (3 << 20)))
    found = page(gateway, f"http://{place(provider)}/", place(provider))
    assert (len(found.body), found.cut) == (1 << 20, True)


def test_a_compressed_page_is_not_unpacked(gateway: Gateway, provider: ScriptedServer) -> None:
    provider.will(http(200, b"\x1f\x8b", Content_Encoding="gzip"))
    assert "compressed" in fault(gateway, f"http://{place(provider)}/", place(provider))


def test_silence_ends(gateway: Gateway, provider: ScriptedServer) -> None:
    provider.will(Answer(b"", hang=True))
    with pytest.raises(Unfetched, match="did not answer within"):
        gateway.request(Request(f"http://{place(provider)}/", timeout_s=0.2), [place(provider)])


def test_a_cancel_ends_the_wait(gateway: Gateway, provider: ScriptedServer) -> None:
    provider.will(Answer(b"", hang=True))
    enough = threading.Event()
    enough.set()
    with pytest.raises(Unfetched, match="Given up"):
        gateway.fetch(f"http://{place(provider)}/", [place(provider)], enough.is_set)


@pytest.mark.parametrize(
    ("allow", "host", "port", "good"),
    [
        ("example.com", "example.com", 443, True),
        ("example.com", "EXAMPLE.com.", 80, True),
        ("example.com", "example.com", 8080, False),
        ("example.com:8080", "example.com", 8080, True),
        ("example.com", "sub.example.com", 443, False),
        ("*.example.com", "a.b.example.com", 443, True),
        ("*.example.com", "example.com", 443, False),
        ("*.example.com", "evilexample.com", 443, False),
    ],
)
def test_what_an_entry_allows(allow: str, host: str, port: int, good: bool) -> None:
    assert (refusal([allow], host, port, host) == "") is good


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::", "fd12::1", "::ffff:10.0.0.1"]
)
def test_private_addresses_are_known(host: str) -> None:
    assert private(host)
    assert not private("8.8.8.8")
    assert not private("example.com")
