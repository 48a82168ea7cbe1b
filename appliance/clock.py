"""The one source of time: UTC datetimes and their ISO-8601 text."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_frozen: list[datetime] = []


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
    return (moment or now()).astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


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
    _frozen.append(moment)
    try:
        yield
    finally:
        _frozen.pop()
