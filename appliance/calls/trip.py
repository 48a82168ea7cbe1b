"""A call on its way from target to target, until one answers or none is left that may be asked."""

from collections.abc import Callable
from threading import Event
from typing import NamedTuple

from appliance.calls.sending import Sending
from appliance.db.database import Database
from appliance.domain import rerouting, routes
from appliance.domain.budgets import OverBudget
from appliance.domain.ledger import Attempt, Opening
from appliance.domain.routes import Candidate, Plan
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.types import Account, ChatRequest, Reply


class Way(NamedTuple):
    """What one target takes: `opening` is the call as it would be booked there."""

    target: Candidate
    opening: Opening
    sending: Sending
    account: Account
    request: ChatRequest
    instant: bool


class Trip:
    """`way(target, sent)` prepares a target after `sent` sendings of this call; it may find no price there."""

    def __init__(self, plan: Plan, first: Way, way: Callable[[Candidate, int], Way]) -> None:
        self.plan = plan
        self._way = way
        self._before: list[Attempt] = []
        self.now = first

    @property
    def attempts(self) -> list[Attempt]:
        return [*self._before, *self.now.sending.attempts]

    def until_answered(
        self,
        db: Database,
        call_id: str,
        stopping: Event,
        cancelled: Callable[[], bool] | None,
        blocking: Callable[[], None] | None,
    ) -> tuple[Reply | None, ProviderFailure | None]:
        """`blocking()` is called once, before the first target that does not answer at once."""
        tried: list[int] = []
        for place in range(len(self.plan)):
            if blocking and not self.now.instant:
                blocking()
                blocking = None
            reply, failure = self.now.sending.until_answered(call_id, stopping, cancelled)
            _noted(db, self.now.target, failure)
            tried += [place] * len(self.now.sending.attempts)
            if failure is None or routes.next_after(failure, tried, self.plan).act != "next":
                break
            if not self._moved(db, call_id, place + 1):
                break
        return reply, failure

    def _moved(self, db: Database, call_id: str, place: int) -> bool:
        """The next target's price is reserved instead of this one's; no budget for it is an end as good as any."""
        sent = self.attempts
        try:
            after = self._way(self.plan.targets[place], len(sent))
            rerouting.move(db, call_id, after.opening, after.target)
        except (OverBudget, ProviderFailure):
            return False
        self._before, self.now = sent, after
        return True


def _noted(db: Database, target: Candidate, failure: ProviderFailure | None) -> None:
    """A simulated account fails when it is told to, which says nothing of its health."""
    if not target.provider.simulated:
        code, said = (failure.code, failure.message) if failure else ("", "")
        routes.record_outcome(db, target.provider.id, target.model, code, said)
