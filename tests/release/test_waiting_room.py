"""What people and programs are told at the box's address while its data is brought to a new version."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from appliance.release.upgrade import Progress
from appliance.release.waiting_room import waiting_room

NOW = Progress("tenants", 34, 2000, 1)


@pytest.fixture
def link() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener, waiting_room(listener, lambda: NOW):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def ask(url: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(url, method=method, headers={"X-AgentHQ-Nonce": "n1"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


@pytest.mark.parametrize("path", ["/", "/login", "/t/acme/board"])
def test_a_page_says_how_far_it_is_and_reloads_itself(link: str, path: str) -> None:
    status, headers, body = ask(link + path)
    assert (status, headers["Retry-After"]) == (503, "2")
    assert "34 of 2000 organisations are done" in body
    assert 'http-equiv="refresh"' in body
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_programs_are_told_to_come_again(link: str) -> None:
    for path, method in (("/readyz", "GET"), ("/api/v1/tasks", "POST"), ("/gw/openai/v1/models", "GET")):
        status, headers, body = ask(link + path, method)
        assert (status, json.loads(body)["status"]) == (503, "migrating")
        assert headers["X-AgentHQ-Nonce"] == "n1"
    assert json.loads(ask(link + "/readyz")[2])["progress"] == {
        "stage": "tenants",
        "done": 34,
        "total": 2000,
        "failed": 1,
    }


def test_the_process_is_alive_meanwhile(link: str) -> None:
    assert ask(link + "/livez")[0] == 200


def test_the_port_is_given_on_to_the_box(link: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/livez"
        with waiting_room(listener, lambda: NOW):
            assert ask(url)[0] == 200
        with socket.create_connection(listener.getsockname(), timeout=5):
            listener.accept()[0].close()
        with waiting_room(listener, lambda: NOW):
            assert ask(url)[0] == 200
