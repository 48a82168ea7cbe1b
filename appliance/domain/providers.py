"""Provider accounts: a credential and base URL for one LLM provider. Secrets are sealed and write-only."""

from collections.abc import Callable

import msgspec

from appliance import clock, ids
from appliance.crypto import Vault
from appliance.db.database import Database, Duplicate, Row
from appliance.domain import budgets, events, flags, provider_rules, provider_secrets, records, route_version
from appliance.domain.actor import Actor
from appliance.domain.model_facts import Facts
from appliance.domain.provider_forms import ModelPrice, NewProvider, ProviderChange
from appliance.errors import Problem, invalid, not_found

DEFAULT_URLS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "ollama": "http://127.0.0.1:11434/v1",
}
JSON = ("models", "prices", "facts")
SIMULATED_MODELS = ["simulated", "sim-swift", "sim-standard", "sim-deep"]


class Provider(msgspec.Struct, frozen=True):
    """`secret_hint` is the last four characters; the secret itself is never given back.

    `max_concurrency` runs use it at the same time, None for as many as there are. `private`: it may be called at
    addresses that are not public. `only_listed`: it takes no model but those it names. `stream_options` is False where
    the server refuses that field. `out_at` is set while no call goes there because it refused the key or has no credit.
    """

    id: str
    name: str
    kind: str
    base_url: str
    billing: str
    secret_hint: str
    secret_fingerprint: str
    models: list[str]
    prices: dict[str, ModelPrice]
    paused: bool
    pace: str
    seed: int
    tested_at: str | None
    test_ok: bool | None
    test_detail: str
    created_at: str
    updated_at: str
    max_concurrency: int | None = None
    private: bool = False
    weight: int = 1
    only_listed: bool = False
    stream_options: bool = True
    facts: dict[str, Facts] = {}
    out_at: str | None = None
    out_reason: str = ""

    @property
    def simulated(self) -> bool:
        return self.kind == "simulated"


def add(db: Database, actor: Actor, vault: Vault, new: NewProvider) -> Provider:
    """Raises Problem(invalid) with the fields at fault, Problem(duplicate) for a name in use."""
    actor.need("admin")
    if new.kind == "simulated":
        flags.need(db.bounds, "simulated")
    url = (new.base_url.strip() or DEFAULT_URLS.get(new.kind, "")).rstrip("/")
    secret = new.secret.strip()
    provider_rules.check(new.name, new.kind, url, secret)
    provider_rules.check_use(new.billing, new.pace, new.prices)
    provider_rules.check_concurrency(new.max_concurrency)
    provider_rules.check_routing(new.weight, new.facts)
    private = provider_rules.private(actor, url, new.private)
    now, provider_id = clock.iso(), ids.new()
    row: Row = {"id": provider_id, "name": new.name.strip(), "kind": new.kind, "base_url": url, "generation": 1}
    row |= {"billing": new.billing or ("local" if new.kind == "ollama" else "metered"), "pace": new.pace}
    row |= provider_secrets.sealed(db, vault, provider_id, 1, secret)
    row |= {
        "models": records.dump(
            provider_rules.named_once(new.models) or (SIMULATED_MODELS if new.kind == "simulated" else [])
        )
    }
    row |= {"prices": records.dump(new.prices), "seed": new.seed, "max_concurrency": new.max_concurrency}
    row |= {"private": private, "weight": new.weight, "only_listed": new.only_listed, "facts": records.dump(new.facts)}
    row |= {"stream_options": new.stream_options, "created_at": now, "updated_at": now}
    with db.transaction():
        route_version.changed(db)
        _named(lambda: db.insert("providers", row), new.name)
        events.record(db, actor, "provider.added", provider_id=provider_id)
    return get(db, provider_id)


def change(db: Database, actor: Actor, vault: Vault, ref: str, change: ProviderChange) -> Provider:
    actor.need("admin")
    provider = get(db, ref)
    given = {k: v for k, v in msgspec.structs.asdict(change).items() if v is not msgspec.UNSET and k != "secret"}
    given |= {k: given[k].strip().rstrip("/") for k in ("name", "base_url") if k in given}
    provider_rules.check(
        given.get("name", provider.name), provider.kind, given.get("base_url", provider.base_url), "kept"
    )
    provider_rules.check_use(given.get("billing", provider.billing), provider.pace, given.get("prices", {}))
    provider_rules.check_concurrency(given.get("max_concurrency"))
    provider_rules.check_routing(given.get("weight", 1), given.get("facts", {}))
    if "models" in given:
        given["models"] = provider_rules.named_once(given["models"])
    values = {k: records.dump(v) if k in JSON else v for k, v in given.items()}
    secret, moved = change.secret.strip(), values.get("base_url", provider.base_url) != provider.base_url
    if moved and provider.secret_fingerprint and not secret:
        raise invalid(secret="paste the key again: the stored one is only ever sent to the address it was given for")
    if moved or "private" in values:
        asked = None if change.private is msgspec.UNSET else change.private
        url = given.get("base_url", provider.base_url)
        values["private"] = provider_rules.private(actor, url, asked, provider.private and not moved)
    if secret or moved:
        values |= {"tested_at": None, "test_ok": None, "test_detail": "", "out_at": None, "out_reason": ""}
    with db.transaction():
        route_version.changed(db)
        if secret:
            generation = 1 + int(db.value("SELECT generation FROM providers WHERE id = :id", {"id": provider.id}))
            values |= {"generation": generation, **provider_secrets.sealed(db, vault, provider.id, generation, secret)}
        _named(
            lambda: db.update("providers", {"id": provider.id}, updated_at=clock.iso(), **values), given.get("name", "")
        )
        events.record(db, actor, "provider.changed", provider_id=provider.id)
    return get(db, provider.id)


def remove(db: Database, actor: Actor, ref: str) -> None:
    """Past calls keep their cost; its budgets go, so that nothing waits for money on it.

    Agents whose model only this account served will say so when they next run.
    """
    actor.need("admin")
    provider = get(db, ref)
    with db.transaction():
        route_version.changed(db)
        for table in ("route_targets", "target_health"):
            db.delete(table, provider_id=provider.id)
        for budget in budgets.of(db, "provider", provider.id):
            budgets.put(db, actor, "provider", provider.id, budget.span, None)
        db.delete("providers", id=provider.id)
        events.record(db, actor, "provider.removed", provider_id=provider.id, name=provider.name)


def get(db: Database, ref: str) -> Provider:
    """By id or name. Raises Problem(not_found)."""
    row = db.one("SELECT * FROM providers WHERE id = :ref OR name = :ref", {"ref": ref})
    if row is None:
        raise not_found("provider account")
    return _provider(row)


def all(db: Database) -> list[Provider]:
    return [_provider(row) for row in db.rows("SELECT * FROM providers ORDER BY created_at, id")]


def note_test(db: Database, actor: Actor, ref: str, ok: bool, detail: str, models: list[str]) -> Provider:
    """Keep the outcome of a test call; models the provider told of are kept when none were set."""
    provider = get(db, ref)
    values: Row = {"tested_at": clock.iso(), "test_ok": ok, "test_detail": detail[:500]}
    if ok:
        values |= {"out_at": None, "out_reason": ""}
    if models and not provider.models:
        values["models"] = records.dump(models)
    with db.transaction():
        route_version.changed(db)
        db.update("providers", {"id": provider.id}, **values)
        events.record(db, actor, "provider.tested", provider_id=provider.id, ok=ok)
    return get(db, provider.id)


def _provider(row: Row) -> Provider:
    return records.to(Provider, row, JSON)


def _named(write: Callable[[], object], name: str) -> None:
    try:
        write()
    except Duplicate as error:
        raise Problem("duplicate", f"There is a provider account named {name}. Choose another name.") from error
