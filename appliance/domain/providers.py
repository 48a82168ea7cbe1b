"""Provider accounts: a credential and base URL for one LLM provider. Secrets are sealed and write-only."""

import builtins
from collections.abc import Callable

import msgspec

from appliance import clock, crypto, ids
from appliance.crypto import Vault
from appliance.db.database import Database, Duplicate, Row
from appliance.domain import events, records
from appliance.domain.actor import Actor
from appliance.errors import Problem, invalid, not_found

KINDS = ("openai-compatible", "openai", "anthropic", "anthropic-compatible", "ollama", "simulated")
DEFAULT_URLS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "ollama": "http://127.0.0.1:11434/v1",
}
SIMULATED_MODELS = ["simulated", "sim-swift", "sim-standard", "sim-deep"]
NEEDS_SECRET = ("openai", "anthropic")
BILLINGS = ("", "metered", "local")
PACES = ("instant", "real")
DEAREST = 100_000


class ModelPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars for a million tokens."""

    input_usd_per_mtok: float
    output_usd_per_mtok: float
    cache_read_usd_per_mtok: float | None = None


class Provider(msgspec.Struct, frozen=True):
    """`secret_hint` is the last four characters; the secret itself is never given back."""

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

    @property
    def simulated(self) -> bool:
        return self.kind == "simulated"


class NewProvider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    kind: str
    base_url: str = ""
    secret: str = ""
    models: list[str] = []
    prices: dict[str, ModelPrice] = {}
    billing: str = ""
    pace: str = "instant"
    seed: int = 0


class ProviderChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields left out stay as they are; an empty secret keeps the old one."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    base_url: str | msgspec.UnsetType = msgspec.UNSET
    secret: str = ""
    models: list[str] | msgspec.UnsetType = msgspec.UNSET
    prices: dict[str, ModelPrice] | msgspec.UnsetType = msgspec.UNSET
    paused: bool | msgspec.UnsetType = msgspec.UNSET
    pace: str | msgspec.UnsetType = msgspec.UNSET


def add(db: Database, actor: Actor, vault: Vault, new: NewProvider) -> Provider:
    """Raises Problem(invalid) with the fields at fault, Problem(duplicate) for a name in use."""
    actor.need("admin")
    url = (new.base_url.strip() or DEFAULT_URLS.get(new.kind, "")).rstrip("/")
    secret = new.secret.strip()
    _check(new.name, new.kind, url, secret)
    _check_use(new.billing, new.pace, new.prices)
    now, provider_id = clock.iso(), ids.new()
    row: Row = {"id": provider_id, "name": new.name.strip(), "kind": new.kind, "base_url": url, "generation": 1}
    row |= {"billing": new.billing or ("local" if new.kind == "ollama" else "metered"), "pace": new.pace}
    row |= _secret(db, vault, provider_id, 1, secret)
    row |= {"models": records.dump(_named_once(new.models) or (SIMULATED_MODELS if new.kind == "simulated" else []))}
    row |= {"prices": records.dump(new.prices), "seed": new.seed, "created_at": now, "updated_at": now}
    with db.transaction():
        _named(lambda: db.insert("providers", row), new.name)
        events.record(db, actor, "provider.added", provider_id=provider_id)
    return get(db, provider_id)


def change(db: Database, actor: Actor, vault: Vault, ref: str, change: ProviderChange) -> Provider:
    actor.need("admin")
    provider = get(db, ref)
    given = {k: v for k, v in msgspec.structs.asdict(change).items() if v is not msgspec.UNSET and k != "secret"}
    given |= {k: given[k].strip().rstrip("/") for k in ("name", "base_url") if k in given}
    _check(given.get("name", provider.name), provider.kind, given.get("base_url", provider.base_url), "kept")
    _check_use(provider.billing, provider.pace, given.get("prices", {}))
    if "models" in given:
        given["models"] = _named_once(given["models"])
    values = {k: records.dump(v) if k in ("models", "prices") else v for k, v in given.items()}
    secret, moved = change.secret.strip(), values.get("base_url", provider.base_url) != provider.base_url
    if moved and provider.secret_fingerprint and not secret:
        raise invalid(secret="paste the key again: the stored one is only ever sent to the address it was given for")
    if secret or moved:
        values |= {"tested_at": None, "test_ok": None, "test_detail": ""}
    with db.transaction():
        if secret:
            generation = 1 + int(db.value("SELECT generation FROM providers WHERE id = :id", {"id": provider.id}))
            values |= {"generation": generation, **_secret(db, vault, provider.id, generation, secret)}
        _named(
            lambda: db.update("providers", {"id": provider.id}, updated_at=clock.iso(), **values), given.get("name", "")
        )
        events.record(db, actor, "provider.changed", provider_id=provider.id)
    return get(db, provider.id)


def remove(db: Database, actor: Actor, ref: str) -> None:
    """Past calls keep their cost; agents whose model only this account served will say so when they next run."""
    actor.need("admin")
    provider = get(db, ref)
    with db.transaction():
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


def secret(db: Database, vault: Vault, provider: Provider) -> str:
    """The opened secret, for the wire only. "" when the account has none."""
    row = db.one("SELECT secret, generation FROM providers WHERE id = :id", {"id": provider.id})
    if row is None or not row["secret"]:
        return ""
    return vault.open(db.name, _address(provider.id, row["generation"]), row["secret"])


def resolve(db: Database, model: str) -> tuple[Provider, str]:
    """The account that serves `model` and the model's name there. `account/model` names the account itself.

    Raises Problem(provider_failed) that says what to add when nothing serves it.
    """
    accounts = all(db)
    named = [(p, model[len(p.name) + 1 :]) for p in accounts if model.startswith(p.name + "/")]
    serving = named + [(p, model) for p in accounts if model in p.models]
    for provider, name in serving:
        if not provider.paused:
            return provider, name
    if serving:
        raise Problem("provider_failed", f"The account {serving[0][0].name} serves '{model}' but is paused. Resume it.")
    raise Problem(
        "provider_failed", f"No provider account serves the model '{model}'. Add one, or change the agent's model."
    )


def note_test(db: Database, actor: Actor, ref: str, ok: bool, detail: str, models: list[str]) -> Provider:
    """Keep the outcome of a test call; models the provider told of are kept when none were set."""
    provider = get(db, ref)
    values = {"tested_at": clock.iso(), "test_ok": ok, "test_detail": detail[:500]}
    if models and not provider.models:
        values["models"] = records.dump(models)
    with db.transaction():
        db.update("providers", {"id": provider.id}, **values)
        events.record(db, actor, "provider.tested", provider_id=provider.id, ok=ok)
    return get(db, provider.id)


def _provider(row: Row) -> Provider:
    return records.to(Provider, row, ("models", "prices"))


def _secret(db: Database, vault: Vault, provider_id: str, generation: int, secret: str) -> Row:
    if not secret:
        return {"secret": "", "secret_hint": "", "secret_fingerprint": ""}
    sealed = vault.seal(db.name, _address(provider_id, generation), secret)
    hint = secret[-4:] if len(secret) >= 12 else ""
    return {"secret": sealed, "secret_hint": hint, "secret_fingerprint": crypto.fingerprint(secret)}


def _address(provider_id: str, generation: int) -> str:
    return f"providers|{provider_id}|secret|{generation}"


def _named(write: Callable[[], object], name: str) -> None:
    try:
        write()
    except Duplicate as error:
        raise Problem("duplicate", f"There is a provider account named {name}. Choose another name.") from error


def _check(name: str, kind: str, url: str, secret: str) -> None:
    faults = {}
    if not name.strip() or "/" in name or len(name) > 60:
        faults["name"] = "give a name of at most 60 characters without a slash"
    if kind not in KINDS:
        faults["kind"] = f"use one of {', '.join(KINDS)}"
    elif kind != "simulated" and not url.startswith(("http://", "https://")):
        faults["base_url"] = "give the address, starting with http:// or https://"
    elif "@" in url.partition("://")[2].partition("/")[0]:
        faults["base_url"] = "leave name and password out of the address; the key has its own field"
    if kind in NEEDS_SECRET and not secret.strip():
        faults["secret"] = "paste the provider's API key"
    if faults:
        raise invalid(**faults)


def _check_use(billing: str, pace: str, prices: dict[str, ModelPrice]) -> None:
    faults = {}
    if billing not in BILLINGS:
        faults["billing"] = "use metered or local"
    if pace not in PACES:
        faults["pace"] = "use instant or real"
    amounts = [amount for price in prices.values() for amount in msgspec.structs.astuple(price) if amount is not None]
    if not builtins.all(0 <= amount <= DEAREST for amount in amounts):
        faults["prices"] = f"give dollars for a million tokens, from 0 to {DEAREST:,}"
    if faults:
        raise invalid(**faults)


def _named_once(models: list[str]) -> list[str]:
    return list(dict.fromkeys(model.strip() for model in models if model.strip()))
