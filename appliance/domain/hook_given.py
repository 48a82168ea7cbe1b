"""What a hook was given, what it made of it, and the templates of its target: `${{ … }}` over `body` and `headers`."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from appliance.db.database import Database
from appliance.domain.workflows import expressions
from appliance.domain.workflows.expressions import Known
from appliance.errors import Problem, invalid

Found = TypeVar("Found")
KNOWN = Known(only=frozenset({"body", "headers"}))
WHOLE = "${{ body }}"


class Given(msgspec.Struct, frozen=True):
    """What was posted: the decoded body, its headers by lower-case name, and the sender's name of the delivery."""

    body: Any
    headers: dict[str, str]
    idem: str = ""

    def fill(self, template: Any) -> Any:
        """Raises Problem(expression) for what can't be worked out on this delivery."""
        return expressions.value(template, self._names)

    def holds(self, condition: str) -> bool:
        """Raises Problem(expression)."""
        return expressions.holds(condition, self._names)

    @property
    def _names(self) -> dict[str, Any]:
        return {"body": self.body, "headers": self.headers}

    def text(self, template: str, field: str) -> str:
        value = self.fill(template)
        if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
            raise invalid(**{field: f"{template} gave no text or number"})
        return str(value)


class Made(msgspec.Struct, frozen=True):
    """`reason` is the sentence for the sender; the ids are of what the delivery made or reached."""

    reason: str
    task_id: str | None = None
    task: int | None = None
    run_id: str | None = None
    instance_id: str | None = None


class Refused(Problem):
    """The state of the work does not allow it: a delivery that is answered, not an error."""

    def __init__(self, reason: str) -> None:
        super().__init__("conflict", reason)


def check_templates(value: Any, path: str) -> None:
    """Raises Problem(invalid) with the place of the first expression at fault."""
    if isinstance(value, dict):
        for name, inner in value.items():
            check_templates(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            check_templates(inner, f"{path}[{n}]")
    elif isinstance(value, str) and (fault := expressions.check(value, KNOWN)):
        raise invalid(**{path: fault})


def field(name: str, get: Callable[..., Found], db: Database, *ref: Any) -> Found:
    """What `get` finds; that there is nothing is the fault of this field."""
    try:
        return get(db, *ref)
    except Problem as problem:
        if problem.code != "not_found":
            raise
        raise invalid(**{name: problem.detail}) from None
