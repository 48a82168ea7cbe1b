"""A call from end to end: plan → reserve → send → settle → ledger."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache, partial

import msgspec

from appliance import clock, ids
from appliance.calls.accounts import Accounts, Sheet
from appliance.calls.caller import Caller, Lost, Outcome, Settled
from appliance.calls.knowledge import Here, Known
from appliance.calls.sending import Sending
from appliance.calls.settling import Owed, Settling
from appliance.calls.trip import Trip, Way
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.domain import bearings, budget_alerts, budgets, ledger, routes, stops
from appliance.domain.bearings import Bearings
from appliance.domain.ledger import Ended, Opening
from appliance.domain.routes import Candidate, Plan, Want
from appliance.domain.scopes import Scope
from appliance.gateway.client import Gateway
from appliance.gateway.failures import ProviderFailure
from appliance.gateway.prices import BYTES_PER_TOKEN, PriceBook
from appliance.gateway.types import ChatRequest, Reply

# What a call counts on when it goes to an account and a model.
CountsOn = Callable[[str, str], tuple[Scope, ...]]


class Calls:
    def __init__(self, vault: Vault, gateway: Gateway, owner: str, timeout_s: float = 120.0) -> None:
        self._gateway = gateway
        self.owner = owner
        self.prices = PriceBook()
        self.accounts = Accounts(vault, gateway, self.prices, timeout_s)
        self.known = Known(self.accounts)
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
        """Send `request` to an account that serves its model, or to the next of its route, and book what it cost.

        `settled(outcome)` runs in the transaction that settles the call, so a caller's own record commits with the
        money, or else the money alone;
        `failed(call_id, cost_nano, attempts)` likewise when every attempt failed. `blocking()` is called before
        a wait for an answer that does not come at once. Raises ProviderFailure, and Problem(budget_exceeded) before
        anything was sent.
        """
        self._settling.catch_up(db)
        with ExitStack() as one:
            # What happens in this process alone needs no reservation: one commit instead of two. A model that is made
            # up most likely does, so what its call has to know is read for that commit.
            if likely := self._gateway.is_made_up(request.model):
                one.enter_context(db.transaction())
            trip = self._trip(db, caller, request, on_text, cancelled)
            at_once = trip.now.instant and self._gateway.answers_at_once(trip.now.account, trip.now.request)
            if likely and not at_once:
                one.close()
            elif at_once and not likely:
                one.enter_context(db.transaction())
            if at_once:
                outcome, failure = self._within(db, trip, settled, failed, cancelled)
            else:
                outcome, failure = self._carry_out(db, trip, settled, failed, cancelled, blocking)
            watched = not at_once or budgets.any_set(db)
        budget_alerts.note(db, trip.now.opening.scopes if watched else ())
        if outcome:
            return outcome
        raise failure or ProviderFailure("gateway_defect")

    def _trip(
        self,
        db: Database,
        caller: Caller,
        request: ChatRequest,
        on_text: Callable[[str], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> Trip:
        here, scopes = bearings.take(db), cache(partial(caller.scopes, db))
        sheet = self.accounts.sheet(db, here.prices)
        plan = self._planned(db, scopes, _want(caller, request), here, self.known.by(sheet))
        way = partial(self._way, db, caller, request, on_text, cancelled, scopes, sheet)
        return Trip(plan, way(plan.first, 0), way)

    def _planned(self, db: Database, scopes: CountsOn, want: Want, here: Bearings, knows: Here) -> Plan:
        """Where to send it: with a cheaper model where a budget steps down, and nowhere that a person stopped.

        Raises Stopped, Problem(provider_failed).
        """
        book = routes.book(db, here.routes)
        plan = routes.plan(db, want, knows, book)
        if here.steps_down and (cheaper := budgets.cheaper(db, scopes(plan.first.provider.id, plan.first.model))):
            plan = routes.plan(db, msgspec.structs.replace(want, model=cheaper), knows, book)
        if not here.stopped or not (stopped := stops.all(db)):
            return plan
        on = [(target, scopes(target.provider.id, target.model)) for target in plan.targets]
        left = tuple(target for target, counted in on if stops.first(stopped, counted) is None)
        if not left:
            stops.check(db, on[0][1])
        return msgspec.structs.replace(plan, targets=left)

    def _within(
        self, db: Database, trip: Trip, settled: Settled, failed: Lost, cancelled: Callable[[], bool] | None
    ) -> tuple[Outcome | None, ProviderFailure | None]:
        """Find room, send and book in the open transaction: without its commit nothing of it has happened."""
        call_id, opening = ids.new(), trip.now.opening
        budgets.require(db, opening.scopes, opening.estimate_nano, opening.metered)
        routes.keep(db, call_id, trip.plan)
        reply, failure = trip.now.sending.until_answered(call_id, self.stopping, cancelled)
        cost = ledger.enter_ended(db, opening, Ended(call_id, trip.attempts, failure.code if failure else ""))
        if failure or reply is None:
            failed(call_id, cost, len(trip.attempts))
            return None, failure
        settled(outcome := _outcome(call_id, trip, reply, cost))
        return outcome, None

    def _carry_out(
        self,
        db: Database,
        trip: Trip,
        settled: Settled,
        failed: Lost,
        cancelled: Callable[[], bool] | None,
        blocking: Callable[[], None] | None,
    ) -> tuple[Outcome | None, ProviderFailure | None]:
        """Reserve, send and settle."""
        with db.transaction():
            call_id = ledger.open_call(db, trip.now.opening)
            routes.keep(db, call_id, trip.plan)
        try:
            reply, failure = trip.until_answered(db, call_id, self.stopping, cancelled, blocking)
        except BaseException:
            # One of the caller's hooks broke while a request was under way: the provider may have done the work.
            ledger.give_up(db, call_id, trip.attempts)
            raise
        told: list[Outcome] = []

        def record(cost: int) -> None:
            if failure is None and reply is not None:
                told.append(_outcome(call_id, trip, reply, cost))
                settled(told[0])
            else:
                failed(call_id, cost, len(trip.attempts))

        self._settling.settle(db, Owed(call_id, trip.attempts, failure.code if failure else ""), record)
        return (told[0] if told else None), failure

    def _way(
        self,
        db: Database,
        caller: Caller,
        request: ChatRequest,
        on_text: Callable[[str], None] | None,
        cancelled: Callable[[], bool] | None,
        scopes: CountsOn,
        sheet: Sheet,
        target: Candidate,
        sent: int,
    ) -> Way:
        """Raises ProviderFailure for a model without a price."""
        account = self.accounts.opened(db, target.provider, sheet)
        asked, request = request, msgspec.structs.replace(request, model=target.model)
        estimate = self.prices.estimate(account, request, clock.now())
        if estimate is None:
            raise ProviderFailure("unpriced_model", f"{target.model} on {target.provider.name}", phase="connect")
        opening = self._opening(caller, target, estimate, scopes(target.provider.id, target.model), asked)
        send = partial(self._gateway.send, account, on_text=on_text, cancelled=cancelled)
        sending = Sending(account, request, self.prices, send, caller.earlier_attempts + sent)
        return Way(target, opening, sending, account, request, self._gateway.is_instant(account, request))

    def _opening(
        self, caller: Caller, target: Candidate, estimate: int, scopes: tuple[Scope, ...], asked: ChatRequest
    ) -> Opening:
        provider = target.provider
        return Opening(
            provider.id,
            target.model,
            provider.simulated,
            estimate,
            self.owner,
            scopes,
            run_id=caller.run_id,
            step_key=caller.step_key,
            task_id=caller.task_id,
            agent_id=caller.agent_id,
            metered=not provider.simulated and provider.billing == "metered",
            protocol=target.protocol,
            asked_model="" if asked.model == target.model else asked.model,
            session_id=caller.run_id or "",
            needs=_needs(asked),
        )


def _outcome(call_id: str, trip: Trip, reply: Reply, cost_nano: int) -> Outcome:
    return Outcome(call_id, reply, cost_nano, reply.model or trip.now.opening.model, len(trip.attempts))


def _needs(request: ChatRequest) -> frozenset[str]:
    return frozenset({"tools"}) if request.tools else frozenset()


def _want(caller: Caller, request: ChatRequest) -> Want:
    """A run is a session: its turns share a beginning, which providers keep for a while."""
    sent = sum(len(message.content) for message in request.messages)
    return Want(
        request.model,
        _needs(request),
        caller.run_id or "",
        int(sent / BYTES_PER_TOKEN) + 1,
        request.max_tokens or 0,
    )
