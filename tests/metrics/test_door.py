"""The page of a worker, which has no other."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from appliance.errors import Problem
from appliance.metrics.door import open_door
from tests.postgres import free_port


@contextmanager
def door(token: str = "") -> Iterator[int]:
    port = free_port()
    server = open_door("127.0.0.1", port, token, lambda: b"agenthq_info 1\n")
    try:
        yield port
    finally:
        server.shutdown()
        server.server_close()


def get(port: int, path: str = "/metrics", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_this_machine_reads_metrics_and_nothing_else() -> None:
    with door() as port:
        assert get(port) == (200, b"agenthq_info 1\n")
        assert get(port, "/")[0] == 404
        assert get(port, host="evil.test")[0] == 401
        assert get(port, x_forwarded_for="10.0.0.1")[0] == 401


def test_a_token_is_asked_of_everybody() -> None:
    with door("s3cret") as port:
        assert get(port)[0] == 401
        assert get(port, authorization="Bearer wrong")[0] == 401
        assert get(port, authorization="Bearer s3cret")[0] == 200


def test_a_taken_port_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Problem, match="in use"):
            open_door("127.0.0.1", taken.getsockname()[1], "", bytes)
