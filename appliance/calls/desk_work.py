"""What the desk does for one tenant in one open transaction: first what has ended, then what wants to begin."""

from collections.abc import Sequence
from typing import NamedTuple

from appliance import clock, ids
from appliance.calls import attribution
from appliance.calls.asked import Admitted, Asked, Ended, Holder, Refused, Target
from appliance.calls.attribution import Work
from appliance.calls.desk_room import Room, Way
from appliance.calls.estimating import Estimates, Said, Tokens
from appliance.db.database import Database
from appliance.domain import budget_alerts, budget_questions, ledger, stops
from appliance.domain.budgets import OverBudget
from appliance.domain.headroom import Headroom
from appliance.domain.ledger import Opening
from appliance.domain.rates import Full, Meters, Rates
from appliance.domain.scopes import Scope


class Wish(NamedTuple):
    holder: Holder
    asked: Asked


class Under(NamedTuple):
    """A call under way: what it counts on and what was counted for it."""

    tenant_id: str
    work: Work
    model: str
    scopes: tuple[Scope, ...]
    limits: tuple[Rates, ...]
    tokens: Tokens
    sent: int


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

    def __init__(self, db: Database, meters: Meters, under: dict[str, Under]) -> None:
        self._db = db
        self._meters = meters
        self._under = under

    def settle(self, endings: Sequence[Ended]) -> dict[str, int]:
        """What each cost, by id."""
        costs = ledger.settle_all(self._db, list(endings))
        touched: set[Scope] = set()
        for ended in endings:
            known = self._under.get(ended.call_id)
            if known is None or known.work.task_id or known.work.run_id:
                ledger.book_on_run(self._db, ended.call_id, costs[ended.call_id])
            if known:
                self._meters.correct(known.limits, _used(ended) - known.tokens.total)
                touched.update(known.scopes)
        if touched:
            budget_alerts.note(self._db, sorted(touched))
        return costs


class Beginning:
    """Admits calls, each with its money and tokens held on everything that it counts on, or refuses it alone."""

    def __init__(self, db: Database, room: Room, meters: Meters, estimates: Estimates, owner: str) -> None:
        self._db = db
        self._room = room
        self._meters = meters
        self._estimates = estimates
        self._owner = owner
        self._left = Headroom(db, ())
        self._openings: dict[str, Opening] = {}
        self._scopes: dict[tuple[Work, str, str], tuple[Scope, ...]] = {}
        self.under: dict[str, Under] = {}

    def admit(self, wishes: Sequence[Wish]) -> list[Admitted | Refused]:
        works = [attribution.of(self._db, wish.holder.key, wish.asked) for wish in wishes]
        self._look_ahead(wishes, works)
        outcomes = [self._one(wish, work) for wish, work in zip(wishes, works, strict=True)]
        ledger.enter(self._db, self._openings)
        self._left.write(self._owner)
        return outcomes

    def _look_ahead(self, wishes: Sequence[Wish], works: Sequence[Work]) -> None:
        """Read the budgets on all of them at once."""
        on: set[Scope] = set()
        for wish, work in zip(wishes, works, strict=True):
            try:
                ways = self._room.ways(self._db, wish.holder.key, wish.asked)
            except Refused:
                continue
            for way in ways:
                on.update(self._on(work, way))
        self._left.know(on)

    def _on(self, work: Work, way: Way) -> tuple[Scope, ...]:
        """Everything that the call counts on."""
        asked = (work, way.provider.id, way.model)
        if (found := self._scopes.get(asked)) is None:
            found = self._scopes[asked] = work.scopes(self._db, way.provider.id, way.model)
        return found

    def _one(self, wish: Wish, work: Work) -> Admitted | Refused:
        try:
            return self._admitted(wish, work)
        except Refused as refused:
            return refused

    def _admitted(self, wish: Wish, work: Work) -> Admitted:
        key = wish.holder.key
        if key.state != "active":
            raise Refused("key", f"This API key is {key.state}. Make another one in the settings.")
        ways = self._room.ways(self._db, key, wish.asked)
        if cheaper := self._cheaper(work, ways[0]):
            ways = self._room.ways(self._db, key, wish.asked, cheaper)
        fits = self._fitting(wish, work, ways)
        best = fits[0]
        try:
            self._meters.admit(best.limits, best.tokens.total)
        except Full as full:
            raise Refused("rate", f"{full} Wait {full.wait_s:.1f} seconds.", full.wait_s) from full
        call_id = ids.new()
        self._left.take(call_id, best.scopes, best.nano)
        self._openings[call_id] = self._opening(wish, work, best)
        kept = (best.way.model, best.scopes, best.limits, best.tokens, wish.asked.input_bytes)
        self.under[call_id] = Under(wish.holder.tenant_id, work, *kept)
        targets = tuple(Target(fit.way.account, fit.way.model) for fit in fits)
        return Admitted(call_id, targets, best.nano, best.strict)

    def _cheaper(self, work: Work, way: Way) -> str:
        """The model to go on with where a budget is nearly used up."""
        found = (budget.downgrade_to for budget in self._left.on(self._on(work, way)) if budget.steps_down)
        return next((model for model in found if model and model != way.model), "")

    def _fitting(self, wish: Wish, work: Work, ways: tuple[Way, ...]) -> list[Fit]:
        """The ways that have room, in their order. Raises Refused with what is wrong with the first."""
        fits, why = [], None
        for way in ways:
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
