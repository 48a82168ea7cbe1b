"""Money in answers of the API: each `*_nano` integer with its `*_usd` text beside it, exact to the nano-dollar."""

from typing import Any

import msgspec

from appliance.domain.analytics.amounts import usd as usd


def with_usd(value: Any) -> Any:
    """Structs, lists and dicts as JSON values, with dollars."""
    return _add(msgspec.to_builtins(value))


def _add(value: Any) -> Any:
    if isinstance(value, list):
        return [_add(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {name: _add(item) for name, item in value.items()}
    return plain | {n.replace("_nano", "_usd"): usd(v) for n, v in plain.items() if "_nano" in n}
