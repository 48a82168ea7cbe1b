"""Who makes a call, what it gets back, and what it is told meanwhile."""

from collections.abc import Callable

import msgspec

from appliance.domain import budgets
from appliance.domain.budgets import Scope
from appliance.gateway.types import Reply


class Caller(msgspec.Struct, frozen=True):
    """For whom and why a call is made; `earlier_attempts` counts tries of the same step in earlier calls."""

    run_id: str | None = None
    step_key: str = ""
    task_id: str | None = None
    agent_id: str | None = None
    earlier_attempts: int = 0

    @property
    def scopes(self) -> tuple[Scope, ...]:
        return budgets.scopes(self.agent_id, self.task_id, self.run_id)


class Outcome(msgspec.Struct, frozen=True):
    """A settled call. `cost_nano` in nano-dollars counts failed attempts too."""

    call_id: str
    reply: Reply
    cost_nano: int
    model: str
    attempts: int


Settled = Callable[[Outcome], None]
Lost = Callable[[str, int, int], None]
