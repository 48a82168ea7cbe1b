"""Money in answers of the API: each `*_nano` integer with its `*_usd` text beside it, exact to the nano-dollar."""

from decimal import Decimal
from typing import Any

import msgspec


def with_usd(value: Any) -> Any:
    """Structs, lists and dicts as JSON values, with dollars."""
    return _add(msgspec.to_builtins(value))


def usd(nano: int | None) -> str | None:
    return None if nano is None else format(Decimal(nano).scaleb(-9).normalize() + 0, "f")


def _add(value: Any) -> Any:
    if isinstance(value, list):
        return [_add(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {name: _add(item) for name, item in value.items()}
    return plain | {n.replace("_nano", "_usd"): usd(v) for n, v in plain.items() if "_nano" in n}
