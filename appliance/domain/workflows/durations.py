"""Durations as people write them: 90, 90s, 10m, 2h, 3d."""

import re

PATTERN = r"^(?:[0-9]{1,8}(?:\.[0-9]{1,3})?s?|[0-9]{1,9}ms|[0-9]{1,6}m|[0-9]{1,5}h|[0-9]{1,3}d)$"
LONGEST_S = 31_622_400
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "": 1.0}
_PARTS = re.compile(r"([0-9.]+)(ms|[smhd]?)")


def seconds(value: str | float) -> float:
    """Of a number of seconds, or of a text that fits PATTERN."""
    if not isinstance(value, str):
        return float(value)
    found = _PARTS.fullmatch(value)
    assert found, value
    return float(found[1]) * _UNITS[found[2]]
