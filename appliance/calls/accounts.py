"""Provider accounts as the gateway takes them: the stored row, its opened secret and the prices of its models."""

import msgspec

from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.domain import prices, provider_secrets, providers
from appliance.domain.actor import Actor
from appliance.domain.prices import SetPrice
from appliance.domain.providers import Provider
from appliance.gateway.client import Gateway, TestResult
from appliance.gateway.prices import PriceBook
from appliance.gateway.types import Account, Billing, Dated, ModelPrice

Sheet = dict[str, tuple[Dated, ...]]
BILLING: dict[str, Billing] = {"local": "local", "flat": "flat"}


class Accounts:
    def __init__(self, vault: Vault, gateway: Gateway, book: PriceBook, timeout_s: float) -> None:
        self._vault = vault
        self._timeout_s = timeout_s
        self.gateway = gateway
        self.prices = book
        self._sheets: dict[str, tuple[int, Sheet]] = {}

    def opened(self, db: Database, provider: Provider, sheet: Sheet | None = None) -> Account:
        """The account with its opened secret: for the wire only, never for a reply or a log."""
        secret = provider_secrets.opened(db, self._vault, provider.id) if provider.secret_fingerprint else ""
        account = self.described(provider)
        return msgspec.structs.replace(account, secret=secret, sheet=self.sheet(db) if sheet is None else sheet)

    def sheet(self, db: Database, version: int | None = None) -> Sheet:
        """The tenant's own prices and its imported list, by model; read again only when one has changed.

        `version` is that of its prices, for who has just read it.
        """
        version = prices.version(db) if version is None else version
        kept = self._sheets.get(db.name)
        if kept is None or kept[0] != version:
            kept = self._sheets[db.name] = (version, _sheet(db) if version else {})
        return kept[1]

    def described(self, provider: Provider, db: Database | None = None) -> Account:
        """The account without its secret: enough to price a call. Without `db` the tenant's own prices are left out."""
        own = {
            model: msgspec.convert(msgspec.to_builtins(p), ModelPrice, strict=False)
            for model, p in provider.prices.items()
        }
        return Account(
            id=provider.id,
            kind=provider.kind,
            base_url=provider.base_url,
            timeout_s=self._timeout_s,
            silence_s=self._timeout_s,
            seed=provider.seed,
            billing=BILLING.get(provider.billing, "metered"),
            prices=own,
            sheet={} if db is None else self.sheet(db),
            pace="real" if provider.pace == "real" else "instant",
            public_only=not provider.private,
            stream_options=provider.stream_options,
        )

    def test(self, db: Database, actor: Actor, ref: str) -> tuple[Provider, TestResult]:
        """Ask the provider for its models, which is free, and keep the outcome on the account."""
        actor.need("operator")
        provider = providers.get(db, ref)
        result = self.gateway.test(self.opened(db, provider))
        noted = providers.note_test(db, actor, provider.id, result.ok, _in_words(result), list(result.models))
        return noted, result


def _sheet(db: Database) -> Sheet:
    found: dict[str, list[Dated]] = {}
    for source in ("override", "import"):
        for one in prices.every(db, source):
            found.setdefault(one.model, []).append(msgspec.convert(_plain(one), Dated, strict=False))
    return {model: tuple(dated) for model, dated in found.items()}


def _plain(one: SetPrice) -> dict[str, object]:
    given = msgspec.to_builtins(one)
    return {name: given[name] for name in ("source", "model", "starts_at", "ends_at", "version")} | {
        "price": given["prices"]
    }


def _in_words(result: TestResult) -> str:
    if result.failure is None:
        return f"Answered in {result.latency_ms:.0f} ms with {len(result.models)} models."
    said = f" It said: {result.failure.message}" if result.failure.message else ""
    return f"{result.failure.row.title}. {result.failure.row.what_to_do}{said}"
