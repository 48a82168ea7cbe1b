"""The part of a document whose form is right, so that its meaning can be judged although another part is wrong."""

import re
from typing import Any

from appliance.domain.workflows.places import Found, Place
from appliance.domain.workflows.published import KINDS, STEP_ID

BLOCKS = ("steps", "do", "then", "otherwise")
# Without these a step is only known to be there.
NEEDED = frozenset(("do", "then", *KINDS))


def part(data: Any, found: list[Found]) -> Any:
    """None when nothing can be said of the rest: without its steps, their ids, their order and the inputs."""
    if not found:
        return data
    units = {_unit(place) for place, _ in found}
    if not isinstance(data, dict) or any(unit[:1] in ((), ("steps",), ("inputs",)) and len(unit) < 2 for unit in units):
        return None
    if any(unit[-1] in ("id", "needs") for unit in units):
        return None
    try:
        return _without(data, (), units)
    except KeyError:
        return None


def _unit(place: Place) -> Place:
    """What is left out for a fault: a step, one key of it, or one key of the whole."""
    inside = [n for n in range(1, len(place)) if isinstance(place[n], int) and place[n - 1] in BLOCKS]
    end = inside[-1] + 1 if inside else 0
    whole = inside and (len(place) == end or place[end] in NEEDED)
    return place[:end] if whole else place[: end + 1]


def _without(data: Any, place: Place, units: set[Place]) -> Any:
    near = {unit for unit in units if unit[: len(place)] == place}
    if not near:
        return data
    if isinstance(data, list):
        return [
            _stub(item) if (*place, n) in near else _without(item, (*place, n), near) for n, item in enumerate(data)
        ]
    return {key: _without(value, (*place, key), near) for key, value in data.items() if (*place, key) not in near}


def _stub(step: Any) -> dict[str, Any]:
    """Raises KeyError for a step that nothing is known of."""
    if not isinstance(step, dict) or not isinstance(step.get("id"), str) or not re.search(STEP_ID, step["id"]):
        raise KeyError("id")
    needs = {"needs": step["needs"]} if "needs" in step else {}
    if needs and not (isinstance(step["needs"], list) and all(isinstance(need, str) for need in step["needs"])):
        raise KeyError("needs")
    return {"id": step["id"], "wait": 0} | needs
