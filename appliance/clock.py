"""The one source of time: UTC datetimes and their ISO-8601 text."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import msgspec

WIDTH = len("2026-01-02T03:04:05.000006Z")
_frozen: list[datetime] = []
_ends: list[datetime | None] = []


_epoch = datetime.now(UTC) - timedelta(seconds=time.monotonic())


def now(source: Callable[[], datetime] | None = None) -> datetime:
    """The time of this machine, or of another `source`."""
    if _frozen:
        return _frozen[-1]
    return source() if source else datetime.now(UTC)


def steady() -> datetime:
    """A time that only goes forward, whatever happens to the wall clock; only this process has it."""
    return now(lambda: _epoch + timedelta(seconds=time.monotonic()))


def iso(moment: datetime | None = None) -> str:
    """Fixed-width UTC text with microseconds, so that text order is time order."""
    moment = moment or now()
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    # Twenty times as fast as isoformat, but a full second comes without its microseconds.
    text: str = msgspec.to_builtins(moment)
    return text if len(text) == WIDTH else moment.isoformat(timespec="microseconds")[:-6] + "Z"


def ahead(seconds: float) -> str:
    """The ISO text of the moment `seconds` from now (negative: ago)."""
    return iso(now() + timedelta(seconds=seconds))


def parse(text: str) -> datetime:
    """Raises ValueError when `text` is not ISO-8601; a time without a zone is taken as UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def seconds_between(start: str, end: str) -> float:
    return (parse(end) - parse(start)).total_seconds()


def monotonic() -> float:
    return time.monotonic()


@contextmanager
def frozen(moment: datetime) -> Iterator[None]:
    """Stop the clock, whatever its source, at `moment` (tests of expiry and of calendars)."""
    with _set(moment, None):
        yield


@contextmanager
def moved(moment: datetime, end: datetime) -> Iterator[None]:
    """Stop the clock at `moment` and move it on, up to `end`, with `go_on` and `passes`: a month in seconds."""
    with _set(moment, end):
        yield


def go_on(moment: datetime) -> None:
    """Move a clock that is moved by hand on to `moment`: never back, and never past its end."""
    if _ends and (end := _ends[-1]):
        _frozen[-1] = min(max(_frozen[-1], moment), end)


def passes(seconds: float) -> bool:
    """Let the seconds be over at once when the clock is moved by hand; False when one has to wait for them."""
    if not (_ends and _ends[-1]):
        return False
    go_on(_frozen[-1] + timedelta(seconds=seconds))
    return True


@contextmanager
def _set(moment: datetime, end: datetime | None) -> Iterator[None]:
    _frozen.append(moment)
    _ends.append(end)
    try:
        yield
    finally:
        _frozen.pop()
        _ends.pop()
