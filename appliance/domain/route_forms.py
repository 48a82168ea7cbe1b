"""What people may say about a route."""

import re
from typing import get_args

import msgspec

from appliance.domain.route_rows import Strategy
from appliance.errors import invalid

STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
MOST_TARGETS = 20
HEAVIEST = 1000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,59}")


class NewTarget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`account` is a name or an id."""

    account: str
    model: str
    weight: int = 1
    task_kinds: list[str] = []


class NewRoute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    targets: list[NewTarget]
    strategy: str = "fixed"
    sticky: bool = True


class RouteChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields left out stay as they are."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    targets: list[NewTarget] | msgspec.UnsetType = msgspec.UNSET
    strategy: str | msgspec.UnsetType = msgspec.UNSET
    sticky: bool | msgspec.UnsetType = msgspec.UNSET


def check(name: str, strategy: str, targets: list[NewTarget]) -> None:
    faults = {}
    if not _NAME.fullmatch(name):
        faults["name"] = "use 1 to 60 letters, digits, dots, colons and hyphens, without a slash"
    if strategy not in STRATEGIES:
        faults["strategy"] = f"use one of {', '.join(STRATEGIES)}"
    if not 1 <= len(targets) <= MOST_TARGETS:
        faults["targets"] = f"name 1 to {MOST_TARGETS} targets, each an account and a model"
    elif any(not target.model.strip() for target in targets):
        faults["targets"] = "name a model for each account"
    elif not all(1 <= target.weight <= HEAVIEST for target in targets):
        faults["targets"] = f"give weights from 1 to {HEAVIEST:,}"
    elif len({(target.account, target.model.strip()) for target in targets}) < len(targets):
        faults["targets"] = "name each account with its model once"
    if faults:
        raise invalid(**faults)
