"""How values read on a page."""

from typing import Any

import msgspec

from appliance import clock
from appliance.web import amounts


def ago(iso: str | None) -> str:
    if not iso:
        return "never"
    seconds = clock.seconds_between(iso, clock.iso())
    text = span(abs(seconds))
    if text == "0 s":
        return "just now"
    return f"{text} ago" if seconds >= 0 else f"in {text}"


def span(seconds: float) -> str:
    """The largest unit that fits: seconds, minutes, hours, days."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def duration_ms(ms: int | None) -> str:
    if ms is None:
        return "–"
    if ms < 1000:
        return f"{ms} ms"
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes} min {seconds} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def duration(seconds: float | None) -> str:
    return duration_ms(None if seconds is None else int(seconds * 1000))


def bytes_(size: int) -> str:
    """In steps of 1,024, as the limits of plans are counted: what is used and what is allowed are read side by side."""
    if size < 1024:
        return f"{size} B"
    held = float(size)
    for unit in ("kB", "MB", "GB"):
        held /= 1024
        if held < 1024:
            return f"{held:.1f} {unit}" if held < 100 else f"{held:,.0f} {unit}"
    return f"{held / 1024:.1f} TB"


def count(number: int) -> str:
    return f"{number:,}"


def datetime_(iso: str | None) -> str:
    return f"{iso[:10]} {iso[11:16]} UTC" if iso else "–"


def json_(value: Any) -> str:
    """A value to be read: text as it is, anything else as indented JSON."""
    return value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


ALL = {
    "usd": amounts.usd,
    "usd_exact": amounts.usd_exact,
    "ago": ago,
    "duration": duration,
    "duration_ms": duration_ms,
    "bytes": bytes_,
    "count": count,
    "datetime": datetime_,
    "json": json_,
}
