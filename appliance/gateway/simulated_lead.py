"""How the simulated provider leads: whom to hand each part to, and a list of parts, become calls of task.delegate.

Hand each part to Ben and Cleo:
- Collect the figures
- Draw the chart
"""

import re
from typing import Any

_HAND = re.compile(
    r"\bhand (?:each|every|all|the) (?:part|piece|item|point|section)s? to ([^.:\n]+)[.:]?", re.IGNORECASE
)
_ITEM = re.compile(r"[ \t]*(?:[-*]|\d+[.)])[ \t]+(.+?)[ \t]*$")
_NAMES = re.compile(r"\s*(?:,|\band\b|\bor\b)\s*")
DELEGATE, WAIT = "task.delegate", "task.wait"


def calls(ask: str, heading: str) -> list[tuple[str, dict[str, Any]]]:
    """The tools to call, with their arguments; [] when the ask hands nothing out."""
    found = _HAND.search(ask)
    if not found:
        return []
    names = [name.strip(" *`\"'@") for name in _NAMES.split(found[1].replace(" in turn", "")) if name.strip()]
    parts = _items(ask[found.end() :]) or [f"{heading}, part {n}" for n, _ in enumerate(names, 1)]
    handed = [(DELEGATE, _part(n, part, names[n % len(names)], heading)) for n, part in enumerate(parts)]
    return [*handed, (WAIT, {})]


def _part(number: int, part: str, name: str, heading: str) -> dict[str, Any]:
    return {"key": f"part-{number + 1}", "title": part[:200], "to": name, "body": f"It belongs to “{heading}”."}


def _items(text: str) -> list[str]:
    """The list that follows, up to the first line that is none of it."""
    found: list[str] = []
    for line in text.splitlines():
        item = _ITEM.match(line)
        if item:
            found.append(item[1].rstrip("."))
        elif line.strip() and (found or not line.strip().endswith(":")):
            break
    return found
