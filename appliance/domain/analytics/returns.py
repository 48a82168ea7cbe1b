"""What the work is worth beside what it cost, on assumptions that people here have made: none are made for them."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import msgspec

from appliance.db.database import Database
from appliance.domain import preferences
from appliance.domain.actor import Actor
from appliance.domain.analytics import accepting, spans
from appliance.domain.analytics.amounts import NANO
from appliance.errors import invalid

NAME = "worth"
MOST_HOURS, MOST_RATE = 1_000, 10_000


class Assumptions(msgspec.Struct, frozen=True):
    """`rate_usd` is an hour of a person's work; `hours` what a task of each kind would have taken one, as text.

    Both may have decimals. A kind without hours is worth nothing here.
    """

    rate_usd: str = ""
    hours: dict[str, str] = {}


class Worth(msgspec.Struct, frozen=True):
    """Tasks of a kind that were accepted; `value_nano` is None where nobody said how long one takes."""

    kind: str
    tasks: int
    cost_nano: int
    simulated_nano: int
    hours: str
    value_nano: int | None


class Return(msgspec.Struct, frozen=True):
    """`value_nano` and what follows from it are None until there are assumptions; `percent` also on a cost of 0.

    `covered` of `tasks` have a kind with hours; the cost of the others is in `cost_nano` too.
    """

    first_day: str
    last_day: str
    assumptions: Assumptions
    kinds: list[Worth]
    tasks: int
    covered: int
    cost_nano: int
    simulated_nano: int
    hours: float | None
    value_nano: int | None
    net_nano: int | None
    percent: float | None


def assumed(db: Database) -> Assumptions:
    return msgspec.convert(preferences.get(db, NAME, {}), Assumptions)


def assume(db: Database, actor: Actor, given: Assumptions) -> Assumptions:
    """Keep them. Raises Problem(invalid) that names what is no amount, by `rate_usd` or `hours.KIND`."""
    actor.need("admin")
    faults = {"rate_usd": _fault(given.rate_usd, MOST_RATE)} if given.rate_usd else {}
    faults |= {f"hours.{kind}": _fault(text, MOST_HOURS) for kind, text in given.hours.items() if text}
    if faults := {name: fault for name, fault in faults.items() if fault}:
        raise invalid(**faults)
    kept = Assumptions(
        given.rate_usd.strip(), {kind: text.strip() for kind, text in given.hours.items() if text.strip()}
    )
    preferences.put(db, actor, NAME, msgspec.to_builtins(kept))
    return kept


def returned(db: Database, first_day: str = "", last_day: str = "", instead: Assumptions | None = None) -> Return:
    """On the assumptions kept, or on others `instead`. Raises Problem(invalid) for what is not a span of days."""
    first, last = spans.span(first_day, last_day)
    on = assumed(db) if instead is None else instead
    done = accepting.by_kind(db, first, last)
    kinds = [
        Worth(kind, a.tasks, a.cost_nano, a.simulated_nano, on.hours.get(kind, ""), _value(on, kind, a.tasks))
        for kind, a in sorted(done.items(), key=lambda item: (-item[1].tasks, item[0]))
    ]
    counted = [line for line in kinds if line.value_nano is not None]
    value = sum(line.value_nano or 0 for line in counted) if counted else None
    cost = sum(line.cost_nano for line in kinds)
    net = None if value is None else value - cost
    hours = float(sum(Decimal(line.hours) * line.tasks for line in counted)) if counted else None
    return Return(
        first,
        last,
        on,
        kinds,
        sum(line.tasks for line in kinds),
        sum(line.tasks for line in counted),
        cost,
        sum(line.simulated_nano for line in kinds),
        hours,
        value,
        net,
        round(net / cost * 100, 1) if net is not None and cost else None,
    )


def _value(on: Assumptions, kind: str, tasks: int) -> int | None:
    if not on.rate_usd or not on.hours.get(kind):
        return None
    return int(Decimal(on.hours[kind]) * Decimal(on.rate_usd) * tasks * NANO)


def _fault(text: str, most: int) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return "give a number, for example 1.5"
    return "" if number.is_finite() and 0 <= number <= most else f"give a number from 0 to {most:,}"


def of_form(fields: Mapping[str, str]) -> Assumptions:
    """Out of a form's fields: `rate_usd`, and `hours.KIND` for each kind."""
    hours = {name.removeprefix("hours."): value for name, value in fields.items() if name.startswith("hours.")}
    return Assumptions(fields.get("rate_usd", ""), hours)
