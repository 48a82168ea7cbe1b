"""What was saved: the calls of a span as they were paid, beside what they would have cost elsewhere.

A baseline is one model of one account for all calls it could have answered, priced each at its own time; the calls it
could not answer keep what they cost, and lower its coverage. Simulated calls are only compared with simulated models.
"""

import msgspec

from appliance.db.database import Database, Row
from appliance.domain import preferences, providers
from appliance.domain.actor import Actor
from appliance.domain.analytics import spans
from appliance.domain.analytics.baselines import Place
from appliance.domain.analytics.source import Asked, rows
from appliance.errors import invalid

# What answered fewer of 100 calls is no measure for all of them.
ENOUGH = 95
PINNED = "baseline"


class Baseline(msgspec.Struct, frozen=True):
    """`kind` is model, requested (the models as they were asked for) or best (the cheapest capable one for each call).

    `covered` of `answered` calls could be compared; `nano` is what all would have cost, `saved_nano` that less what
    they did cost: negative when the other way was cheaper. `saved_percent` is None where `nano` is 0.
    """

    kind: str
    provider_id: str
    model: str
    account: str
    covered: int
    answered: int
    actual_nano: int
    nano: int
    saved_nano: int
    saved_percent: float | None
    coverage: float
    simulated: bool

    @property
    def name(self) -> str:
        return f"{self.account}/{self.model}" if self.kind == "model" else self.kind


class Savings(msgspec.Struct, frozen=True):
    """`chosen` is what the headline is measured against: the pinned model, else the most expensive one.

    `highest` is the most expensive of the models that could have answered 95 of 100 calls; None when there is none.
    """

    simulated: bool
    chosen: Baseline | None
    highest: Baseline | None
    requested: Baseline | None
    best: Baseline | None
    pinned: Baseline | None
    models: list[Baseline]


def of(db: Database, first_day: str, last_day: str) -> Savings:
    """Of the real calls where there are any, else of the simulated ones."""
    spent = _spent(db, first_day, last_day)
    simulated = not spent[False]["calls"] and bool(spent[True]["calls"])
    row = spent[simulated]
    found = [_made(line, row, simulated) for line in _lines(db, first_day, last_day, simulated)]
    models = sorted((b for b in found if b.kind == "model"), key=lambda b: (-b.nano, b.name))
    special = {b.kind: b for b in found if b.kind != "model"}
    highest = next((b for b in models if b.coverage * 100 >= ENOUGH), None)
    pinned = next((b for b in models if b.name == preferences.get(db, PINNED, "")), None)
    return Savings(simulated, pinned or highest, highest, special.get("requested"), special.get("best"), pinned, models)


def by_day(db: Database, first_day: str, last_day: str, against: Baseline) -> dict[str, int]:
    """Day → nano-dollars saved against a baseline of the same span; days without compared calls have none."""
    sql = """SELECT starts AS day, CAST(SUM(nano - actual_nano) AS BIGINT) AS saved FROM usage_baseline_days
    WHERE starts >= :first AND starts < :after AND simulated = :simulated AND kind = :kind
    AND provider_id = :provider_id AND model = :model GROUP BY 1"""
    given = {"first": first_day, "after": spans.after(last_day), "kind": against.kind, "simulated": against.simulated}
    found = db.rows(sql, given | {"provider_id": against.provider_id, "model": against.model})
    return {row["day"]: row["saved"] for row in found}


def place(db: Database, named: str) -> Place:
    """`account/model`. Raises Problem(invalid)."""
    for provider in providers.all(db):
        if named.startswith(f"{provider.name}/") and len(named) > len(provider.name) + 1:
            return Place(provider.id, named[len(provider.name) + 1 :])
    raise invalid(model="name it as account/model, with an account there is")


def pin(db: Database, actor: Actor, named: str) -> None:
    """Measure savings against this account/model from now on; "" for the most expensive one again."""
    actor.need("admin")
    if named:
        place(db, named)
    preferences.put(db, actor, PINNED, named)


def _spent(db: Database, first_day: str, last_day: str) -> dict[bool, Row]:
    select = """u.simulated, CAST(SUM(u.calls) AS BIGINT) AS calls, CAST(SUM(u.cost_nano) AS BIGINT) AS nano,
    CAST(SUM(CASE WHEN u.state = 'ok' THEN u.calls ELSE 0 END) AS BIGINT) AS answered"""
    found = rows(db, Asked(first_day, last_day), select, "GROUP BY u.simulated", kept=("calls", "cost_nano"))
    nothing = {"calls": 0, "nano": 0, "answered": 0}
    return {False: nothing, True: nothing} | {bool(row["simulated"]): row for row in found}


def _lines(db: Database, first_day: str, last_day: str, simulated: bool) -> list[Row]:
    sql = """SELECT b.kind, b.provider_id, b.model, COALESCE(MAX(p.name), 'Removed account') AS account,
    CAST(SUM(b.calls) AS BIGINT) AS calls, CAST(SUM(b.actual_nano) AS BIGINT) AS actual,
    CAST(SUM(b.nano) AS BIGINT) AS nano
    FROM usage_baseline_days b LEFT JOIN providers p ON p.id = b.provider_id
    WHERE b.starts >= :first AND b.starts < :after AND b.simulated = :simulated
    GROUP BY b.kind, b.provider_id, b.model"""
    return db.rows(sql, {"first": first_day, "after": spans.after(last_day), "simulated": simulated})


def _made(line: Row, spent: Row, simulated: bool) -> Baseline:
    nano = spent["nano"] - line["actual"] + line["nano"]
    account = line["account"] if line["kind"] == "model" else ""
    about = (line["kind"], line["provider_id"], line["model"], account)
    return made(about, line["calls"], spent["answered"], spent["nano"], nano, simulated)


def made(
    about: tuple[str, str, str, str], covered: int, answered: int, actual: int, nano: int, simulated: bool
) -> Baseline:
    saved = nano - actual
    percent = round(saved / nano * 100, 2) if nano else None
    coverage = round(covered / answered, 4) if answered else 0.0
    return Baseline(*about, covered, answered, actual, nano, saved, percent, coverage, simulated)
