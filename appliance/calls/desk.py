"""The desk in front of every call of a tool outside: admits it with its money reserved, and books what it cost.

One thread takes what is waiting and does what belongs to one tenant in one transaction: thirty-two calls wait for one
flush of the disk, not for thirty-two.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from appliance import clock
from appliance.calls.accounts import Accounts
from appliance.calls.asked import Admitted, Asked, Ended, Holder, Live, Refused, Target
from appliance.db.database import Database
from appliance.db.tenants import Catalogue
from appliance.domain import ledger, providers, routing, scopes, tenants
from appliance.domain.budgets import OverBudget
from appliance.domain.ledger import Opening
from appliance.errors import Problem
from appliance.gateway.prices import BYTES_PER_TOKEN
from appliance.gateway.types import DEFAULT_OUTPUT_TOKENS, Account, Usage

BATCH = 64
T = TypeVar("T")
log = logging.getLogger(__name__)


class _Item(NamedTuple):
    tenant_id: str
    work: Callable[[Database], Any]
    future: "Future[Any]"


class Desk:
    """`owner` is the process that will settle what it admits."""

    def __init__(self, catalogue: Catalogue, accounts: Accounts, owner: str) -> None:
        self._catalogue = catalogue
        self._accounts = accounts
        self._owner = owner
        self._waiting: SimpleQueue[_Item] = SimpleQueue()
        self._thread = ThreadPoolExecutor(1, "desk")

    def admit(self, holder: Holder, asked: Asked) -> "Future[Admitted]":
        """Open the call and reserve its estimate on everything it counts on. Raises Refused through the future."""
        return self._put(holder.tenant_id, lambda db: self._admit(db, holder, asked))

    def extend(self, tenant_id: str, call_id: str, more_nano: int) -> "Future[None]":
        """Hold more for a call whose answer grew beyond its estimate. Raises Refused when there is no room."""
        return self._put(tenant_id, lambda db: _extend(db, call_id, more_nano))

    def settle(self, tenant_id: str, ended: Ended) -> "Future[int]":
        """Book the call; its cost in nano-dollars."""
        return self._put(tenant_id, lambda db: _settle(db, ended))

    def halted(self, live: tuple[Live, ...]) -> "Future[dict[str, Refused]]":
        """Which of the streams under way must end now, by call id."""
        return self._thread.submit(self._halted, live)

    def models(self, holder: Holder) -> "Future[tuple[str, ...]]":
        """The models that the key may ask for."""
        return self._thread.submit(self._models, holder)

    def target(self, holder: Holder, model: str) -> "Future[Target]":
        """Where a question about `model` that costs nothing goes. Raises Refused."""
        return self._thread.submit(self._target, holder, model)

    def close(self) -> None:
        """What waits is still done."""
        self._thread.shutdown(wait=True)

    def _put(self, tenant_id: str, work: Callable[[Database], T]) -> "Future[T]":
        future: Future[T] = Future()
        self._waiting.put(_Item(tenant_id, work, future))
        self._thread.submit(self._carry_out)
        return future

    def _carry_out(self) -> None:
        groups: defaultdict[str, list[_Item]] = defaultdict(list)
        for _ in range(BATCH):
            try:
                item = self._waiting.get_nowait()
            except Empty:
                break
            groups[item.tenant_id].append(item)
        for tenant_id, items in groups.items():
            self._thread.submit(self._together, tenant_id, items).add_done_callback(_logged)

    def _together(self, tenant_id: str, items: list[_Item]) -> None:
        """All in one transaction, each refused alone; where one breaks, the others are done without it."""
        done: list[Any] | None = None
        broken = Problem("internal")
        try:
            with self._catalogue.open(tenant_id) as db, db.transaction():
                found = [_tried(item, db) for item in items]
            done = found
        except Problem as problem:
            broken = problem
        finally:
            if done is not None:
                for item, result in zip(items, done, strict=True):
                    _tell(item, result)
            elif len(items) == 1:
                items[0].future.set_exception(broken)
            else:
                for item in items:
                    self._thread.submit(self._together, tenant_id, [item]).add_done_callback(_logged)

    def _admit(self, db: Database, holder: Holder, asked: Asked) -> Admitted:
        target, provider = self._resolved(db, asked.model)
        estimate = self._estimate(target.account, target.model, asked)
        agent_id = holder.key.agent_id or asked.agent or None
        on = scopes.of(db, provider_id=provider.id, agent_id=agent_id)
        metered = not provider.simulated and provider.billing == "metered"
        opening = Opening(
            provider.id,
            target.model,
            provider.simulated,
            estimate,
            self._owner,
            on,
            agent_id=agent_id,
            metered=metered,
        )
        call_id = ledger.open_call(db, opening)
        about: dict[str, Any] = {"key_id": holder.key.id, "surface": asked.surface, "asked_model": asked.model}
        about |= {"session_id": asked.session_id, "streamed": asked.stream, "needs": ",".join(sorted(asked.needs))}
        db.update("calls", {"id": call_id}, **about)
        return Admitted(call_id, (target,), estimate)

    def _resolved(self, db: Database, model: str) -> tuple[Target, providers.Provider]:
        try:
            provider, name = routing.resolve(db, model)
        except Problem as problem:
            raise Refused("model", problem.detail) from problem
        return Target(self._accounts.opened(db, provider), name), provider

    def _estimate(self, account: Account, model: str, asked: Asked) -> int:
        output = 0 if asked.surface == "embeddings" else min(asked.output_cap or DEFAULT_OUTPUT_TOKENS, 4000)
        expected = Usage(input_total=int(asked.input_bytes / BYTES_PER_TOKEN) + 1, output_total=output)
        cost = self._accounts.prices.price(account, model, expected, clock.now()).cost_nano
        if cost is None:
            raise Refused("model", f"The price of {model} is not known. Set one on its account, or ask another model.")
        return cost

    def _halted(self, live: tuple[Live, ...]) -> dict[str, Refused]:
        found: dict[str, Refused] = {}
        with self._catalogue.control() as control:
            for one in live:
                key = control.one("SELECT revoked_at FROM api_keys WHERE id = :id", {"id": one.holder.key.id})
                tenant = tenants.by_id(control, one.holder.tenant_id)
                if key is None or key["revoked_at"]:
                    found[one.call_id] = Refused("key", "This API key was revoked.")
                elif tenant.state != "active":
                    found[one.call_id] = Refused("paused", f"The organisation is {tenant.state}.")
        return found

    def _models(self, holder: Holder) -> tuple[str, ...]:
        with self._catalogue.open(holder.tenant_id) as db:
            served = [model for provider in providers.all(db) if not provider.paused for model in provider.models]
        return tuple(sorted(set(served)))

    def _target(self, holder: Holder, model: str) -> Target:
        with self._catalogue.open(holder.tenant_id) as db:
            return self._resolved(db, model)[0]


def _extend(db: Database, call_id: str, more_nano: int) -> None:
    sql = "UPDATE reservations SET amount_nano = amount_nano + :more WHERE call_id = :id"
    db.execute(sql, {"more": more_nano, "id": call_id})


def _settle(db: Database, ended: Ended) -> int:
    cost = ledger.settle(db, ended.call_id, ended.attempts, ended.failure_code)
    about = {"error_type": ended.error_type, "first_byte_ms": ended.first_byte_ms}
    db.update("calls", {"id": ended.call_id}, **about)
    return cost


def _tried(item: _Item, db: Database) -> Any:
    """What came of it. A refusal has written nothing, so that the others' work stands."""
    try:
        return item.work(db)
    except OverBudget as over:
        return Refused("budget", over.detail)
    except Refused as refused:
        return refused


def _logged(done: "Future[None]") -> None:
    if not done.cancelled() and (error := done.exception()):
        log.error("the desk failed", exc_info=error)


def _tell(item: _Item, result: Any) -> None:
    if isinstance(result, Refused):
        item.future.set_exception(result)
    else:
        item.future.set_result(result)
