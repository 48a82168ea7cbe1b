"""A call from end to end: resolve → reserve → send → settle → ledger."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

import msgspec

from appliance import clock
from appliance.calls.accounts import Accounts
from appliance.calls.caller import Caller, Lost, Outcome, Settled
from appliance.calls.sending import Sending
from appliance.calls.settling import Owed, Settling
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.domain import budget_alerts, ledger, routing
from appliance.domain.ledger import Opening
from appliance.domain.providers import Provider
from appliance.domain.scopes import Scope
from appliance.gateway.client import Gateway
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.prices import PriceBook
from appliance.gateway.types import ChatRequest


class Calls:
    def __init__(self, vault: Vault, gateway: Gateway, owner: str, timeout_s: float = 120.0) -> None:
        self._gateway = gateway
        self.owner = owner
        self.prices = PriceBook()
        self.accounts = Accounts(vault, gateway, self.prices, timeout_s)
        self.stopping = threading.Event()
        self._settling = Settling()

    def make(
        self,
        db: Database,
        caller: Caller,
        request: ChatRequest,
        settled: Settled,
        failed: Lost,
        on_text: Callable[[str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        blocking: Callable[[], None] | None = None,
    ) -> Outcome:
        """Send `request` to the account that serves its model and book what it cost.

        `settled(outcome)` runs in the transaction that settles the call, so a caller's own record commits with the
        money, or else the money alone;
        `failed(call_id, cost_nano, attempts)` likewise when every attempt failed. `blocking()` is called before
        a wait for an answer that does not come at once. Raises ProviderFailure, and Problem(budget_exceeded) before
        anything was sent.
        """
        self._settling.catch_up(db)
        provider, model = routing.resolve(db, request.model)
        account = self.accounts.opened(db, provider)
        request = msgspec.structs.replace(request, model=model)
        estimate = self.prices.estimate(account, request, clock.now())
        if estimate is None:
            raise ProviderFailure("unpriced_model", f"{model} on {provider.name}", phase="connect")
        opening = self._opening(caller, provider, model, estimate, caller.scopes(db, provider.id, model))
        send = partial(self._gateway.send, account, on_text=on_text, cancelled=cancelled)
        sending = Sending(account, request, self.prices, send, caller.earlier_attempts)
        instant = self._gateway.is_instant(account, request)
        # What happens in this process alone needs no reservation that outlives it: one commit instead of two.
        at_once = instant and self._gateway.answers_at_once(account, request)
        with db.transaction() if at_once else nullcontext():
            outcome, failure = self._carry_out(
                db, opening, sending, settled, failed, cancelled, None if instant else blocking
            )
        budget_alerts.note(db, opening.scopes)
        if outcome:
            return outcome
        raise failure or ProviderFailure("gateway_defect")

    def _carry_out(
        self,
        db: Database,
        opening: Opening,
        sending: Sending,
        settled: Settled,
        failed: Lost,
        cancelled: Callable[[], bool] | None,
        blocking: Callable[[], None] | None,
    ) -> tuple[Outcome | None, ProviderFailure | None]:
        """Reserve, send and settle."""
        call_id = ledger.open_call(db, opening)
        try:
            if blocking:
                blocking()
            reply, failure = sending.until_answered(call_id, self.stopping, cancelled)
        except BaseException:
            # One of the caller's hooks broke while a request was under way: the provider may have done the work.
            ledger.give_up(db, call_id, sending.attempts)
            raise
        told: list[Outcome] = []

        def record(cost: int) -> None:
            tries = len(sending.attempts)
            if failure is None and reply is not None:
                told.append(Outcome(call_id, reply, cost, reply.model or opening.model, tries))
                settled(told[0])
            else:
                failed(call_id, cost, tries)

        self._settling.settle(db, Owed(call_id, sending.attempts, failure.code if failure else ""), record)
        return (told[0] if told else None), failure

    def _opening(
        self, caller: Caller, provider: Provider, model: str, estimate: int, scopes: tuple[Scope, ...]
    ) -> Opening:
        return Opening(
            provider.id,
            model,
            provider.simulated,
            estimate,
            self.owner,
            scopes,
            run_id=caller.run_id,
            step_key=caller.step_key,
            task_id=caller.task_id,
            agent_id=caller.agent_id,
            metered=not provider.simulated and provider.billing == "metered",
        )
