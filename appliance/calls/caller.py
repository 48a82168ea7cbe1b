"""Who makes a call, what it gets back, and what it is told meanwhile."""

from collections.abc import Callable

import msgspec

from appliance.db.database import Database
from appliance.domain import scopes
from appliance.domain.scopes import Scope
from appliance.gateway.types import Reply


class Caller(msgspec.Struct, frozen=True):
    """For whom and why a call is made; `earlier_attempts` counts tries of the same step in earlier calls."""

    run_id: str | None = None
    step_key: str = ""
    task_id: str | None = None
    agent_id: str | None = None
    earlier_attempts: int = 0

    def scopes(self, db: Database, provider_id: str, model: str) -> tuple[Scope, ...]:
        """Everything that a call of this model counts on, the tasks above and their project included."""
        return scopes.of(
            db,
            provider_id=provider_id,
            model=model,
            agent_id=self.agent_id,
            task_id=self.task_id,
            run_id=self.run_id,
        )


class Outcome(msgspec.Struct, frozen=True):
    """A settled call. `cost_nano` in nano-dollars counts failed attempts too."""

    call_id: str
    reply: Reply
    cost_nano: int
    model: str
    attempts: int


Settled = Callable[[Outcome], None]
Lost = Callable[[str, int, int], None]
