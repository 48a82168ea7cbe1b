"""A line in Redis (6 or newer, or Valkey): a sorted set, whose members are in it once, ordered by when they came."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from appliance.errors import Problem

KEY = "agenthq.bells"
# Beyond the wait of a take: a server that holds a connection without a word counts as gone.
SILENT_S = 5.0


class RedisServer:
    """`url` is redis://… or rediss://… with user, password and database number as redis-py reads them."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=SILENT_S, socket_connect_timeout=3, socket_keepalive=True)

    def put(self, bells: list[bytes]) -> None:
        with _trouble():
            self._redis.zadd(KEY, {bell: time.time() for bell in bells}, nx=True)

    def take(self, wait_s: float) -> bytes | None:
        with _trouble():
            found: Any = self._redis.bzpopmin(KEY, timeout=wait_s)
            return bytes(found[1]) if found else None

    def size(self) -> int:
        with _trouble():
            return int(self._redis.zcard(KEY))

    def clear(self) -> None:
        with _trouble():
            self._redis.delete(KEY)

    def close(self) -> None:
        with _trouble():
            self._redis.close()


@contextlib.contextmanager
def _trouble() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise Problem("unavailable", f"The queue's Redis server does not answer ({error}).") from error
