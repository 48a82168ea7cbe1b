"""What the desk does for one tenant in one open transaction: first what has ended, then what wants to begin."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from appliance import clock, ids
from appliance.calls import attribution
from appliance.calls.asked import Admitted, Asked, Ended, Holder, Refused, Target
from appliance.calls.attribution import Work
from appliance.calls.desk_room import Room, Way, Ways
from appliance.calls.estimating import Estimates, Said, Tokens
from appliance.db.database import Database
from appliance.domain import budget_questions, ledger, routes, stops
from appliance.domain.budgets import OverBudget
from appliance.domain.headroom import Headroom
from appliance.domain.ledger import Opening
from appliance.domain.rates import Full, Meters, Rates
from appliance.domain.route_book import Book
from appliance.domain.routes import Candidate, Plan
from appliance.domain.scopes import Scope


class Wish(NamedTuple):
    holder: Holder
    asked: Asked


class Under(NamedTuple):
    """A call under way: what it counts on and what was counted for it."""

    tenant_id: str
    work: Work
    provider_id: str
    model: str
    scopes: tuple[Scope, ...]
    limits: tuple[Rates, ...]
    tokens: Tokens
    sent: int

    @property
    def sent_to(self) -> tuple[str, str]:
        return self.provider_id, self.model


class Planned(NamedTuple):
    """A wish, whose work it is, and where it may go."""

    wish: Wish
    work: Work
    ways: Ways


class Fit(NamedTuple):
    """A way that has room, and what a call on it will hold."""

    way: Way
    scopes: tuple[Scope, ...]
    limits: tuple[Rates, ...]
    tokens: Tokens
    nano: int
    strict: bool


class Ending:
    """Books calls that have ended."""

    def __init__(self, db: Database, room: Room, meters: Meters, under: dict[str, Under]) -> None:
        self._db = db
        self._room = room
        self._meters = meters
        self._under = under
        # What the calls counted on.
        self.touched: set[Scope] = set()

    def settle(self, endings: Sequence[Ended]) -> dict[str, int]:
        """What each cost, by id."""
        costs = ledger.settle_all(self._db, list(endings))
        book = routes.book(self._db) if endings else None
        for ended in endings:
            known = self._under.get(ended.call_id)
            if known is None or known.work.task_id or known.work.run_id:
                ledger.book_on_run(self._db, ended.call_id, costs[ended.call_id])
            if known:
                self._meters.correct(known.limits, _used(ended) - known.tokens.total)
                self.touched.update(known.scopes)
            if book and ended.attempts:
                self._note(book, ended, known)
        return costs

    def _note(self, book: Book, ended: Ended, known: Under | None) -> None:
        """What the sendings say about where they went. A simulated account fails when it is told to."""
        for attempt in ended.attempts:
            account = book.accounts.get(attempt.provider_id)
            spot = (attempt.provider_id, attempt.model_requested)
            if account and not account.simulated and (attempt.failure_code or spot in book.health):
                routes.record_outcome(self._db, *spot, attempt.failure_code, attempt.failure_detail)
        if known:
            self._moved(book, known, ended.call_id, spot)

    def _moved(self, book: Book, known: Under, call_id: str, to: tuple[str, str]) -> None:
        """The call was answered (or refused) elsewhere than it was admitted for."""
        account = book.accounts.get(to[0])
        if account and to != known.sent_to:
            nano = self._room.known.at(self._db).estimate(account, to[1], *known.tokens)
            routes.moved(self._db, call_id, Candidate(account, to[1], "", nano))


class Beginning:
    """Admits calls, each with its money and tokens held on everything that it counts on, or refuses it alone."""

    def __init__(
        self, db: Database, room: Room, meters: Meters, estimates: Estimates, left: Headroom, owner: str
    ) -> None:
        self._db = db
        self._room = room
        self._meters = meters
        self._estimates = estimates
        self._owner = owner
        self._left = left
        self._openings: dict[str, Opening] = {}
        self._plans: dict[str, Plan] = {}
        self._scopes: dict[tuple[Work, str, str], tuple[Scope, ...]] = {}
        self.under: dict[str, Under] = {}

    def admit(self, wishes: Sequence[Wish]) -> list[Admitted | Refused]:
        if not wishes:
            return []
        self._now = self._room.now(self._db)
        if said := self._room.full(self._db):
            return [Refused("storage", said) for _ in wishes]
        planned = [self._planned(wish) for wish in wishes]
        on = (self._on(one.work, way) for one in planned if isinstance(one, Planned) for way in one.ways.all)
        self._left.know(scope for scopes in on for scope in scopes)
        outcomes = [one if isinstance(one, Refused) else self._tried(one) for one in planned]
        ledger.enter(self._db, self._openings)
        routes.keep_all(self._db, self._plans)
        self._left.write(self._owner)
        return outcomes

    def _planned(self, wish: Wish) -> Planned | Refused:
        key = wish.holder.key
        if key.state != "active":
            return Refused("key", f"This API key is {key.state}. Make another one in the settings.")
        self._room.secure(self._db, key)
        work = attribution.of(self._db, key, wish.asked)
        try:
            return Planned(wish, work, self._ways(wish))
        except Refused as refused:
            return refused

    def _ways(self, wish: Wish, model: str = "") -> Ways:
        tokens = self._estimates.tokens(self._db, wish.holder.key.id, model or wish.asked.model, wish.asked, False)
        return self._room.ways(self._db, wish.holder.key, wish.asked, tokens, self._now, model)

    def _on(self, work: Work, way: Way) -> tuple[Scope, ...]:
        """Everything that the call counts on."""
        asked = (work, way.provider.id, way.model)
        if (found := self._scopes.get(asked)) is None:
            found = self._scopes[asked] = work.scopes(self._db, way.provider.id, way.model)
        return found

    def _tried(self, planned: Planned) -> Admitted | Refused:
        try:
            return self._admitted(planned)
        except Refused as refused:
            return refused

    def _admitted(self, planned: Planned) -> Admitted:
        wish, work, ways = planned
        if cheaper := self._cheaper(work, ways.all[0]):
            ways = self._ways(wish, cheaper)
        fits = self._fitting(wish, work, ways)
        best = fits[0]
        try:
            self._meters.admit(best.limits, best.tokens.total)
        except Full as full:
            raise Refused("rate", f"{full} Wait {full.wait_s:.1f} seconds.", full.wait_s) from full
        call_id = ids.new()
        self._left.take(call_id, best.scopes, best.nano)
        self._openings[call_id] = self._opening(wish, work, best)
        self._plans[call_id] = msgspec.structs.replace(ways.plan, targets=tuple(fit.way.target for fit in fits))
        kept = (best.way.provider.id, best.way.model, best.scopes, best.limits, best.tokens, wish.asked.input_bytes)
        self.under[call_id] = Under(wish.holder.tenant_id, work, *kept)
        targets = tuple(Target(fit.way.account, fit.way.model) for fit in fits)
        return Admitted(call_id, targets, best.nano, best.strict)

    def _cheaper(self, work: Work, way: Way) -> str:
        """The model to go on with where a budget is nearly used up."""
        found = (budget.downgrade_to for budget in self._left.on(self._on(work, way)) if budget.steps_down)
        return next((model for model in found if model and model != way.model), "")

    def _fitting(self, wish: Wish, work: Work, ways: Ways) -> list[Fit]:
        """The ways that have room, in their order. Raises Refused with what is wrong with the first."""
        fits, why = [], None
        for way in ways.all:
            try:
                fits.append(self._fit(wish, work, way))
            except Refused as refused:
                why = why or refused
        if why and not fits:
            if isinstance(why.__cause__, OverBudget):
                budget_questions.ask_for_tools(self._db, why.__cause__, work.agent_id)
            raise why
        return fits

    def _fit(self, wish: Wish, work: Work, way: Way) -> Fit:
        on = self._on(work, way)
        self._left.know(on)
        if stop := stops.first(self._room.stops, on):
            raise Refused("paused", stop.told)
        strict = any(budget.strict for budget in self._left.on(on))
        tokens = self._estimates.tokens(self._db, work.key_id, way.model, wish.asked, strict)
        nano = self._estimates.cost(way.account, way.model, tokens, clock.now())
        if nano is None:
            unpriced = f"The price of {way.model} is not known. Set one on its account, or ask for another model."
            raise Refused("model", unpriced)
        if over := self._left.short(on, nano, way.metered):
            raise Refused("budget", over.detail) from over
        return Fit(way, on, self._room.limits(wish.holder.key, way), tokens, nano, strict)

    def _opening(self, wish: Wish, work: Work, fit: Fit) -> Opening:
        asked, way = wish.asked, fit.way
        return Opening(
            way.provider.id,
            way.model,
            way.provider.simulated,
            fit.nano,
            self._owner,
            fit.scopes,
            **work._asdict(),
            metered=way.metered,
            surface=asked.surface,
            protocol=way.target.protocol,
            asked_model="" if asked.model == way.model else asked.model,
            needs=asked.needs,
            streamed=asked.stream,
        )


def heard(estimates: Estimates, under: Under, ended: Ended) -> None:
    """Remember what a session's request came to, for its next one."""
    said = Said(under.sent, ended.attempts[-1].input_total if ended.attempts else 0)
    estimates.heard(under.tenant_id, under.work.session_id, under.model, said)


def _used(ended: Ended) -> int:
    return sum(attempt.input_total + attempt.output_total for attempt in ended.attempts)
