"""The desk in front of every call of a tool outside: admits it with its money reserved, and books what it cost.

One thread takes what is waiting and does what belongs to one tenant in one transaction: thirty-two calls wait for one
flush of the disk, not for thirty-two.
"""

import logging
from collections import defaultdict, deque
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

from appliance.calls import desk_work
from appliance.calls.accounts import Accounts
from appliance.calls.asked import Admitted, Asked, Ended, Holder, Live, Refused, Target
from appliance.calls.desk_line import Line
from appliance.calls.desk_room import Room
from appliance.calls.desk_work import Beginning, Ending, Under, Wish
from appliance.calls.estimating import Estimates
from appliance.calls.promises import Promise
from appliance.db.database import Row
from appliance.db.tenants import Catalogue
from appliance.domain import budget_alerts, budgets, keys, routes, stops, tenant_gate, tenants
from appliance.domain.headroom import Headroom
from appliance.domain.rates import Meters
from appliance.errors import Problem

BATCH = 64
# What has ended waits so long for a wish to go with: one flush for both, and none in the way of an answer.
LINGER_S = 0.005
log = logging.getLogger(__name__)


class More(NamedTuple):
    call_id: str
    nano: int


class Item(NamedTuple):
    tenant_id: str
    what: Wish | Ended | More
    future: "Promise[Any]"


class Desk:
    """`owner` is the process that will settle what it admits."""

    def __init__(self, catalogue: Catalogue, accounts: Accounts, owner: str) -> None:
        self._catalogue = catalogue
        self._accounts = accounts
        self._owner = owner
        self._estimates = Estimates(accounts.prices)
        self._rooms: dict[str, Room] = {}
        self._under: dict[str, Under] = {}
        self._stopped: dict[str, Refused] = {}
        self._owed: defaultdict[str, list[Ended]] = defaultdict(list)
        self._ended: deque[Item] = deque()
        self._wished: deque[Item] = deque()
        self._called = self._closing = False
        self._line = Line("desk")
        catalogue.subscribe(self._hear)

    def admit(self, holder: Holder, asked: Asked) -> "Promise[Admitted]":
        """Open the call and reserve its estimate on everything it counts on. Raises Refused through the future."""
        return self._put(holder.tenant_id, Wish(holder, asked))

    def settle(self, tenant_id: str, ended: Ended) -> "Promise[int]":
        """Book the call; its cost in nano-dollars. What can't be stored now is booked with the tenant's next call."""
        return self._put(tenant_id, ended)

    def extend(self, tenant_id: str, call_id: str, more_nano: int) -> "Promise[int]":
        """Hold more for an answer that grew beyond its estimate; how much, which is less where less is left.

        Raises Refused through the future where nothing is.
        """
        return self._put(tenant_id, More(call_id, more_nano))

    def stopped(self, call_id: str) -> Refused | None:
        """Why a call under way must end now; asked from any thread, as often as wanted."""
        return self._stopped.get(call_id)

    def halted(self, live: tuple[Live, ...]) -> "Promise[dict[str, Refused]]":
        """Which of the streams under way must end now, by call id; keys and organisations are looked up too."""
        return self._line.submit(self._halted, live)

    def models(self, holder: Holder) -> "Promise[tuple[str, ...]]":
        """The models that the key may ask for."""
        return self._line.submit(self._models, holder)

    def target(self, holder: Holder, model: str) -> "Promise[Target]":
        """Where a question about `model` that costs nothing goes. Raises Refused."""
        return self._line.submit(self._target, holder, model)

    def close(self) -> None:
        """What waits is still done."""
        if not self._closing:
            self._closing = True
            self._line.do(self._drain)
            self._line.close()
        for tenant_id, owed in self._owed.items():
            log.error("the cost of %d calls of tenant %s was not booked; they count as estimated", len(owed), tenant_id)

    def _put(self, tenant_id: str, what: Wish | Ended | More) -> "Promise[Any]":
        future: Promise[Any] = Promise()
        (self._ended if isinstance(what, Ended) else self._wished).append(Item(tenant_id, what, future))
        if not self._called:
            self._call()
        return future

    def _call(self) -> None:
        """One wake-up for all that comes before the thread begins."""
        self._called = True
        self._line.do(self._carry_out)

    def _carry_out(self) -> None:
        self._called = False
        if self._wished or len(self._ended) >= BATCH:
            self._some()
        elif self._ended:
            self._line.hold(self._alone, LINGER_S)

    def _alone(self) -> None:
        """Nobody has come to go with what has ended."""
        self._some(alone=True)

    def _some(self, alone: bool = False) -> None:
        """What waits, but no more than a batch: others want the thread too."""
        try:
            self._take(alone)
        finally:
            self._go_on()

    def _go_on(self) -> None:
        if self._wished or len(self._ended) >= BATCH:
            if not self._closing:
                self._call()
        elif self._ended:
            self._line.hold(self._alone, LINGER_S)
        else:
            self._line.let_go()

    def _drain(self) -> None:
        while self._wished or self._ended:
            self._take(alone=True)

    def _take(self, alone: bool = False) -> None:
        """What has ended goes with what its tenant asks next, which is weighed against it; `alone` without that too."""
        wished, many = _first(self._wished), len(self._ended) >= BATCH
        ended = _first(self._ended)
        if many:
            self._wished.extendleft(reversed(wished))
            wished = []
        elif not alone:
            asking = {item.tenant_id for item in wished}
            self._ended.extendleft(item for item in reversed(ended) if item.tenant_id not in asking)
            ended = [item for item in ended if item.tenant_id in asking]
        groups: defaultdict[str, list[Item]] = defaultdict(list)
        for item in (*ended, *wished):
            groups[item.tenant_id].append(item)
        with ExitStack() as each:
            # All have their turn, whatever happens to one of them.
            for tenant_id, items in groups.items():
                each.callback(self._turn, tenant_id, items)

    def _turn(self, tenant_id: str, items: list[Item]) -> None:
        """Nobody waits for ever, whatever happens here."""
        try:
            self._group(tenant_id, items)
        except BaseException as error:
            for item in items:
                if not item.future.done():
                    item.future.set_exception(error)
            raise

    def _group(self, tenant_id: str, items: list[Item]) -> None:
        self._catch_up(tenant_id)
        try:
            outcomes = self._together(tenant_id, items)
        except Problem as problem:
            # What breaks one must not take the others down.
            if len(items) == 1:
                self._broken(items[0], problem)
            else:
                for item in items:
                    self._group(tenant_id, [item])
            return
        for item, outcome in zip(items, outcomes, strict=True):
            _tell(item, outcome)

    def _together(self, tenant_id: str, items: list[Item]) -> list[Any]:
        """All in one transaction; what is remembered follows the commit."""
        endings = [item.what for item in items if isinstance(item.what, Ended)]
        wishes = [item.what for item in items if isinstance(item.what, Wish)]
        if (room := self._rooms.get(tenant_id)) is None:
            room = self._rooms[tenant_id] = Room(self._accounts)
        with self._catalogue.open(tenant_id) as db, db.transaction():
            if room.refresh(db):
                self._estimates.forget_prices()
                self._mark(tenant_id, room)
            meters = Meters(db)
            ending, left = Ending(db, room, meters, self._under), Headroom(db, ())
            costs = ending.settle(endings)
            held = {i.what: budgets.hold_more(db, *i.what) for i in items if isinstance(i.what, More)}
            beginning = Beginning(db, room, meters, self._estimates, left, self._owner)
            admitted = iter(beginning.admit(wishes))
            meters.write()
            if ending.touched:
                # After the wishes, which have read most of these budgets.
                budget_alerts.note_on(db, left.seen(ending.touched))
        self._under.update(beginning.under)
        for ended in endings:
            self._stopped.pop(ended.call_id, None)
            if under := self._under.pop(ended.call_id, None):
                desk_work.heard(self._estimates, under, ended)
        return [_outcome(item.what, costs, held) or next(admitted) for item in items]

    def _broken(self, item: Item, problem: Problem) -> None:
        if isinstance(item.what, Ended):
            log.error("the cost of call %s is booked later: %s", item.what.call_id, problem.detail)
            self._owed[item.tenant_id].append(item.what)
        item.future.set_exception(problem)

    def _catch_up(self, tenant_id: str) -> None:
        """Book what could not be booked before; one that can't be yet stands in nobody's way."""
        for ended in self._owed.pop(tenant_id, []):
            self._group(tenant_id, [Item(tenant_id, ended, Promise())])

    def _hear(self, tenant_id: str, events: list[Row]) -> None:
        """Somebody stopped something, here or in another process: look at once, whether a call comes in or not."""
        names = [tenant_id] if tenant_id else list(self._rooms)
        if not tenant_id or any(event["kind"].startswith("stop.") for event in events):
            for name in names:
                if name in self._rooms:
                    self._line.do(partial(self._look, name))

    def _look(self, tenant_id: str) -> None:
        room = self._rooms[tenant_id]
        with self._catalogue.open(tenant_id) as db, db.transaction():
            room.refresh(db)
        self._mark(tenant_id, room)

    def _mark(self, tenant_id: str, room: Room) -> None:
        for call_id, under in self._under.items():
            if under.tenant_id == tenant_id and (stop := stops.first(room.stops, under.scopes)):
                self._stopped[call_id] = Refused("paused", stop.told)

    def _halted(self, live: tuple[Live, ...]) -> dict[str, Refused]:
        found = {one.call_id: stop for one in live if (stop := self._stopped.get(one.call_id))}
        with self._catalogue.control() as control:
            for one in live:
                key = keys.state(control, one.holder.tenant_id, one.holder.key.id)
                tenant = tenants.by_id(control, one.holder.tenant_id)
                if key != "active":
                    found[one.call_id] = Refused("key", f"This API key is {key}.")
                elif tenant.state != "active":
                    found[one.call_id] = Refused("paused", tenant_gate.outside(tenant.state))
        return found

    def _models(self, holder: Holder) -> tuple[str, ...]:
        with self._catalogue.open(holder.tenant_id) as db:
            book = routes.book(db)
        paused = {account.id for account in book.accounts.values() if account.paused or account.out_at}
        served = {model for model, by in book.serving.items() if any(one.id not in paused for one in by)}
        return tuple(sorted(model for model in {*served, *book.routes} if holder.key.allows(model)))

    def _target(self, holder: Holder, model: str) -> Target:
        with self._catalogue.open(holder.tenant_id) as db:
            room = Room(self._accounts)
            ways = room.ways(db, holder.key, Asked("messages", model, 0), (0, 0), room.now(db))
        return Target(ways.all[0].account, ways.all[0].model)


def _first(waiting: "deque[Item]") -> list[Item]:
    """Whatever comes meanwhile comes after it."""
    return [waiting.popleft() for _ in range(min(BATCH, len(waiting)))]


def _outcome(what: Wish | Ended | More, costs: dict[str, int], held: dict[More, int]) -> Any:
    """None for a wish; a cost of 0 must not be taken for that."""
    if isinstance(what, Ended):
        return _Done(costs[what.call_id])
    if isinstance(what, More):
        return _Done(held[what]) if held[what] else Refused("budget", "The budget has no room for a longer answer.")
    return None


class _Done(NamedTuple):
    value: Any


def _tell(item: Item, outcome: Any) -> None:
    if isinstance(outcome, Refused):
        item.future.set_exception(outcome)
    else:
        item.future.set_result(outcome.value if isinstance(outcome, _Done) else outcome)
