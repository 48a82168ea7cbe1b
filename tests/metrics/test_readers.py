"""Who may read of the whole box."""

import pytest

from appliance.metrics.readers import has_token, is_local


@pytest.mark.parametrize("host", ["localhost", "localhost:8420", "127.0.0.1:8420", "[::1]:8420", "127.8.8.8"])
def test_a_program_here_by_a_name_of_this_machine(host: str) -> None:
    assert is_local("127.0.0.1", {"host": host})
    assert is_local("::1", {"host": host})


@pytest.mark.parametrize("host", ["", "evil.test", "evil.test:8420", "10.0.0.1", "[fe80::1]:80", "localhost.evil.test"])
def test_no_other_name(host: str) -> None:
    assert not is_local("127.0.0.1", {"host": host})


@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "x-real-ip", "sec-fetch-site", "origin"])
def test_nothing_through_a_proxy_or_a_browser(name: str) -> None:
    assert not is_local("127.0.0.1", {"host": "localhost", name: "x"})


def test_nobody_from_elsewhere() -> None:
    assert not is_local("10.0.0.7", {"host": "localhost"})
    assert not is_local("", {"host": "localhost"})


def test_an_empty_token_opens_nothing() -> None:
    assert has_token("s", "Bearer s")
    assert not has_token("", "Bearer ")
    assert not has_token("s", "Basic s")
