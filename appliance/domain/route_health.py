"""The breaker of each model of each account, and accounts that are out. Rows, so that all processes agree.

A breaker steers: a target that rests is tried last, and never refuses a call that has no other way to go.
"""

from appliance import clock
from appliance.db.database import Database, Row
from appliance.domain import events, providers, records, route_book, route_version
from appliance.domain.actor import SYSTEM, Actor
from appliance.domain.providers import Provider
from appliance.domain.route_book import Health
from appliance.domain.route_steps import OUT

# Failures in a row that put a target to rest; for how long, doubled each time that its probe fails too.
FAILURES = 5
REST_S = 30.0
LONGEST_REST_S = 600.0
PROBE_S = 60.0
# What says nothing about the next request at the same place.
_ONE_REQUEST = frozenset(
    {
        "provider_rejected",
        "provider_not_found",
        "provider_address_refused",
        "context_too_long",
        "cancelled",
        "bad_tool_arguments",
        "unknown_tool",
        "empty_answer",
        "unpriced_model",
        "gateway_defect",
    }
)
_OUT_WORDS = {
    "provider_auth": "The provider refused the key.",
    "provider_payment": "The provider account has no credit.",
}


def record_outcome(db: Database, provider_id: str, model: str, failure_code: str = "", said: str = "") -> None:
    """Note how a sending ended; an answer after answers writes nothing. `said` is the provider's own sentence."""
    if not failure_code:
        if (provider_id, model) in route_book.read(db).health:
            _answered(db, provider_id, model)
    elif failure_code in OUT:
        told = said.strip().rstrip(".")
        take_out(db, provider_id, f"{_OUT_WORDS[failure_code]} {told}." if told else _OUT_WORDS[failure_code])
    elif failure_code not in _ONE_REQUEST:
        _failed(db, provider_id, model, failure_code)


def take_out(db: Database, provider_id: str, reason: str) -> None:
    """No call goes to the account until a person brings it back, or changes its key, or a test of it succeeds."""
    with db.transaction():
        route_version.changed(db)
        values = {"out_at": clock.iso(), "out_reason": reason[:500]}
        sql = "UPDATE providers SET out_at = :out_at, out_reason = :out_reason WHERE id = :id AND out_at IS NULL"
        if db.execute(sql, values | {"id": provider_id}):
            events.record(db, SYSTEM, "provider.out", provider_id=provider_id)


def bring_back(db: Database, actor: Actor, ref: str) -> Provider:
    """Let calls go to the account again, its models included that were put to rest."""
    actor.need("operator")
    provider = providers.get(db, ref)
    with db.transaction():
        route_version.changed(db)
        db.delete("target_health", provider_id=provider.id)
        db.update("providers", {"id": provider.id}, out_at=None, out_reason="")
        events.record(db, actor, "provider.back", provider_id=provider.id)
    return providers.get(db, provider.id)


def rests(health: Health | None) -> bool:
    return health is not None and bool(health.open_until)


def may_probe(db: Database, health: Health) -> bool:
    """Whether this call, and it alone, may try a target whose rest is over."""
    now = db.now()
    if health.open_until > now:
        return False
    sql = """UPDATE target_health SET probe_until = :until WHERE provider_id = :provider AND model = :model
      AND open_until <> '' AND open_until <= :now AND probe_until <= :now"""
    about = {"provider": health.provider_id, "model": health.model, "now": now, "until": db.now(PROBE_S)}
    return db.execute(sql, about) == 1


def of(db: Database, provider_id: str) -> list[Health]:
    """The models of the account that failed last time, or that rest."""
    sql = "SELECT * FROM target_health WHERE provider_id = :id ORDER BY model"
    return [records.to(Health, row) for row in db.rows(sql, {"id": provider_id})]


def _answered(db: Database, provider_id: str, model: str) -> None:
    with db.transaction():
        route_version.changed(db)
        rested = db.value(
            "SELECT open_until FROM target_health WHERE provider_id = :id AND model = :model",
            {"id": provider_id, "model": model},
        )
        db.delete("target_health", provider_id=provider_id, model=model)
        if rested:
            events.record(db, SYSTEM, "provider.recovered", provider_id=provider_id, model=model)


def _failed(db: Database, provider_id: str, model: str, code: str) -> None:
    key = {"provider_id": provider_id, "model": model}
    with db.transaction():
        # First, in every transaction: two that note several failures at once take their rows in one order.
        route_version.changed(db)
        sql = "SELECT * FROM target_health WHERE provider_id = :provider_id AND model = :model"
        found = db.one(sql, key)
        before = records.to(Health, found) if found else Health(provider_id, model)
        values: Row = {"failures": before.failures + 1, "failure_code": code, "failed_at": clock.iso()}
        if _trips(before):
            rest = min(REST_S * 2.0**before.trips, LONGEST_REST_S)
            values |= {"trips": before.trips + 1, "open_until": db.now(rest), "probe_until": ""}
        db.upsert("target_health", key | values, ("provider_id", "model"))
        if values.get("trips") == 1:
            events.record(db, SYSTEM, "provider.resting", provider_id=provider_id, model=model)


def _trips(before: Health) -> bool:
    """Enough failures, or a failed probe; a call that began before the rest did makes it no longer."""
    return bool(before.probe_until) if before.open_until else before.failures + 1 >= FAILURES
