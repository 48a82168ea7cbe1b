"""Which steps the expressions of a template name, so that only their outputs are read."""

from functools import lru_cache
from typing import Any

from appliance.domain.workflows import expression_parts
from appliance.domain.workflows.expression_parts import OPENING, Expression
from appliance.domain.workflows.expression_rules import Wrong


def steps(template: Any) -> frozenset[str] | None:
    """Their ids; None when an expression may name any of them."""
    if isinstance(template, str):
        return _steps(template) if OPENING in template else frozenset()
    parts = template.values() if isinstance(template, dict) else template if isinstance(template, list) else ()
    found: frozenset[str] = frozenset()
    for part in parts:
        inner = steps(part)
        if inner is None:
            return None
        found |= inner
    return found


@lru_cache(4096)
def _steps(text: str) -> frozenset[str] | None:
    try:
        names = [n for part in expression_parts.split(text) if isinstance(part, Expression) for n in part.names]
    except Wrong:
        return frozenset()
    used = [name for name in names if name[0] == "steps"]
    return None if any(len(name) == 1 for name in used) else frozenset(name[1] for name in used)
