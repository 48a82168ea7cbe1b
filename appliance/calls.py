"""The one way any LLM call is made: resolve → reserve → send → settle → ledger."""

import threading
from collections.abc import Callable

import msgspec

from appliance import clock
from appliance.crypto import Vault
from appliance.db.database import Database
from appliance.domain import budgets, ledger, provider_secrets, providers, routing
from appliance.domain.actor import Actor
from appliance.domain.budgets import Scope
from appliance.domain.ledger import Attempt, Opening
from appliance.domain.providers import Provider
from appliance.gateway.client import Gateway, TestResult
from appliance.gateway.failures import ProviderFailure, backoff_s
from appliance.gateway.prices import BYTES_PER_TOKEN, Price, PriceBook
from appliance.gateway.types import Account, ChatRequest, ModelPrice, Reply, Usage

TRIES = 3
LONGEST_PAUSE_S = 2.0


class Caller(msgspec.Struct, frozen=True):
    """For whom and why a call is made; `earlier_attempts` counts tries of the same step in earlier calls."""

    run_id: str | None = None
    step_key: str = ""
    task_id: str | None = None
    agent_id: str | None = None
    earlier_attempts: int = 0

    @property
    def scopes(self) -> tuple[Scope, ...]:
        return budgets.scopes(self.agent_id, self.task_id, self.run_id)


class Outcome(msgspec.Struct, frozen=True):
    """A settled call. `cost_nano` in nano-dollars counts failed attempts too."""

    call_id: str
    reply: Reply
    cost_nano: int
    model: str
    attempts: int


class Offer(msgspec.Struct, frozen=True):
    """A model agents may name as `id` or `provider_name/id`. Prices in nano-dollars for a million tokens.

    `price_source` is override, catalogue, simulated, local or unpriced; an unpriced model is never called.
    """

    id: str
    provider_id: str
    provider_name: str
    simulated: bool
    price_source: str
    input_nano_mtok: int | None = None
    output_nano_mtok: int | None = None


class LocalServer(msgspec.Struct, frozen=True):
    name: str
    kind: str
    base_url: str
    models: list[str] = []


LOCAL_SERVERS = (
    LocalServer("Ollama", "ollama", "http://127.0.0.1:11434/v1"),
    LocalServer("LM Studio", "openai-compatible", "http://127.0.0.1:1234/v1"),
    LocalServer("llama.cpp", "openai-compatible", "http://127.0.0.1:8080/v1"),
    LocalServer("vLLM", "openai-compatible", "http://127.0.0.1:8000/v1"),
)
PROBE_S = 0.5

Settled = Callable[[Outcome], None]
Lost = Callable[[str, int, int], None]


class Calls:
    def __init__(self, vault: Vault, gateway: Gateway, owner: str, timeout_s: float = 120.0) -> None:
        self._vault = vault
        self._gateway = gateway
        self._owner = owner
        self._timeout_s = timeout_s
        self.prices = PriceBook()
        self.stopping = threading.Event()

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
        """Send `request` to the account that serves its model and book what it cost.

        `settled(outcome)` runs in the transaction that settles the call, so a caller's own record commits with the
        money; `failed(call_id, cost_nano, attempts)` likewise when every attempt failed. `blocking()` is called before
        a wait for an answer that does not come at once. Raises ProviderFailure, and
        Problem(budget_exceeded) before anything was sent.
        """
        provider, model = routing.resolve(db, request.model)
        account = self.account(db, provider)
        request = msgspec.structs.replace(request, model=model)
        estimate = self.prices.estimate(account, request, clock.now())
        if estimate is None:
            raise ProviderFailure("unpriced_model", f"{model} on {provider.name}", phase="connect")
        call_id = ledger.open_call(db, self._opening(caller, provider, model, estimate))
        if blocking and not self._gateway.is_instant(account, request):
            blocking()
        sending = _Sending(self, account, request, caller, on_text, cancelled)
        reply, failure = sending.until_answered(call_id)
        with db.transaction():
            cost = ledger.settle(db, call_id, sending.attempts, failure.code if failure else "")
            tries = len(sending.attempts)
            if failure is None and reply is not None:
                outcome = Outcome(call_id, reply, cost, reply.model or model, tries)
                settled(outcome)
                return outcome
            failed(call_id, cost, tries)
        raise failure or ProviderFailure("gateway_defect")

    def account(self, db: Database, provider: Provider) -> Account:
        """The account with its opened secret: for the wire only, never for a reply or a log."""
        return self._unsealed(provider, provider_secrets.opened(db, self._vault, provider.id))

    def _unsealed(self, provider: Provider, secret: str) -> Account:
        prices = {
            model: msgspec.convert(msgspec.to_builtins(p), ModelPrice, strict=False)
            for model, p in provider.prices.items()
        }
        return Account(
            id=provider.id,
            kind=provider.kind,
            base_url=provider.base_url,
            secret=secret,
            timeout_s=self._timeout_s,
            silence_s=self._timeout_s,
            seed=provider.seed,
            billing="local" if provider.billing == "local" else "metered",
            prices=prices,
            pace="real" if provider.pace == "real" else "instant",
        )

    def test(self, db: Database, actor: Actor, ref: str) -> tuple[Provider, TestResult]:
        """Ask the provider for its models, which is free, and keep the outcome on the account."""
        actor.need("operator")
        provider = providers.get(db, ref)
        result = self._gateway.test(self.account(db, provider))
        if result.failure is None:
            detail = f"Answered in {result.latency_ms:.0f} ms with {len(result.models)} models."
        else:
            said = f" It said: {result.failure.message}" if result.failure.message else ""
            detail = f"{result.failure.row.title}. {result.failure.row.what_to_do}{said}"
        return providers.note_test(db, actor, provider.id, result.ok, detail, list(result.models)), result

    def offers(self, db: Database) -> list[Offer]:
        """Every model agents may use, with its unit prices now; of a name served twice, the account that answers it."""
        found: dict[str, Offer] = {}
        for provider in providers.all(db):
            for offer in () if provider.paused else self.offers_of(provider):
                found.setdefault(offer.id, offer)
        return sorted(found.values(), key=lambda offer: (offer.provider_name, offer.id))

    def offers_of(self, provider: Provider) -> list[Offer]:
        """The account's models with what they cost now, in its order."""
        return [self._offer(provider, model) for model in provider.models]

    def _offer(self, provider: Provider, model: str) -> Offer:
        price = self.prices.price(self._unsealed(provider, ""), model, Usage(), clock.now())
        units = (price.input_nano_per_mtok, price.output_nano_per_mtok)
        return Offer(model, provider.id, provider.name, provider.simulated, price.source, *units)

    def local_servers(self) -> list[LocalServer]:
        """The model servers that answer on this machine's usual ports; four short requests."""
        found = []
        for server in LOCAL_SERVERS:
            account = Account("probe", server.kind, server.base_url, timeout_s=PROBE_S, silence_s=PROBE_S)
            result = self._gateway.test(account)
            if result.ok:
                found.append(msgspec.structs.replace(server, models=list(result.models)))
        return found

    def send(self, account: Account, request: ChatRequest, on_text: object, cancelled: object) -> Reply:
        return self._gateway.send(account, request, on_text, cancelled)  # type: ignore[arg-type]

    def _opening(self, caller: Caller, provider: Provider, model: str, estimate: int) -> Opening:
        about = {
            "run_id": caller.run_id,
            "step_key": caller.step_key,
            "task_id": caller.task_id,
            "agent_id": caller.agent_id,
        }
        return Opening(provider.id, model, provider.simulated, estimate, self._owner, caller.scopes, **about)  # type: ignore[arg-type]


class _Sending:
    """The tries of one call: again after short pauses while nothing of an answer has arrived."""

    def __init__(
        self, calls: Calls, account: Account, request: ChatRequest, caller: Caller, on_text: object, cancelled: object
    ) -> None:
        self._calls = calls
        self._account = account
        self._request = request
        self._caller = caller
        self._hooks = (on_text, cancelled)
        self.attempts: list[Attempt] = []

    def until_answered(self, call_id: str) -> tuple[Reply | None, ProviderFailure | None]:
        while True:
            n = self._caller.earlier_attempts + len(self.attempts) + 1
            reply, failure = self._once(n)
            if failure is None:
                return reply, None
            pause = backoff_s(failure.code, n, call_id, failure.retry_after)
            early = failure.phase in ("connect", "before_first_byte")
            if not (failure.row.retryable and early and pause <= LONGEST_PAUSE_S and len(self.attempts) < TRIES):
                return None, failure
            self._calls.stopping.wait(pause)

    def _once(self, n: int) -> tuple[Reply | None, ProviderFailure | None]:
        started, began = clock.iso(), clock.monotonic()
        try:
            reply = self._calls.send(self._account, msgspec.structs.replace(self._request, attempt=n), *self._hooks)
        except ProviderFailure as failure:
            self.attempts.append(self._failed(failure, started, int((clock.monotonic() - began) * 1000)))
            return None, failure
        self.attempts.append(self._answered(reply, started))
        return reply, None

    def _answered(self, reply: Reply, started: str) -> Attempt:
        model = reply.model or self._request.model
        usage, source = reply.usage, ""
        if usage is None:
            usage, source = self._guess(len(reply.content.encode())), "estimated"
        price = self._priced(model, usage, reply.tier)
        times = {"first_byte_ms": int(reply.first_byte_ms), "duration_ms": int(reply.duration_ms)}
        attempt = self._attempt(usage, price, started, source)
        if reply.reported_cost_nano is not None:
            attempt = msgspec.structs.replace(attempt, cost_nano=reply.reported_cost_nano, cost_source="reported")
        return msgspec.structs.replace(attempt, model_reported=reply.model, request_id=reply.request_id, **times)

    def _failed(self, failure: ProviderFailure, started: str, duration_ms: int) -> Attempt:
        """A refusal costs nothing; an answer that broke off costs what arrived of it."""
        about = {"failure_code": failure.code, "failure_detail": failure.message, "duration_ms": duration_ms}
        if failure.usage is None and failure.phase != "mid_stream":
            attempt = Attempt(
                self._account.id, self._request.model, cost_nano=0, cost_source="none", started_at=started
            )
        else:
            usage = failure.usage or self._guess(failure.output_bytes)
            attempt = self._attempt(usage, self._priced(self._request.model, usage, ""), started, "estimated")
        return msgspec.structs.replace(attempt, request_id=failure.request_id, **about)

    def _priced(self, model: str, usage: Usage, tier: str) -> Price:
        """By the model as reported, or as asked for where the report has no price (a dated or prefixed name)."""
        price = self._calls.prices.price(self._account, model, usage, clock.now(), tier)
        if price.source == "unpriced" and model != self._request.model:
            price = self._calls.prices.price(self._account, self._request.model, usage, clock.now(), tier)
        return price

    def _guess(self, output_bytes: int) -> Usage:
        sent = len(msgspec.json.encode((self._request.messages, self._request.tools)))
        return Usage(input_total=int(sent / BYTES_PER_TOKEN) + 1, output_total=int(output_bytes / BYTES_PER_TOKEN) + 1)

    def _attempt(self, usage: Usage, price: Price, started: str, source: str) -> Attempt:
        return Attempt(
            self._account.id,
            self._request.model,
            **msgspec.structs.asdict(usage),
            cost_nano=price.cost_nano,
            cost_source=source or price.source,
            matched_model=price.matched_model,
            price_version=price.price_version,
            input_nano_mtok=price.input_nano_per_mtok,
            output_nano_mtok=price.output_nano_per_mtok,
            cache_read_nano_mtok=price.cache_read_nano_per_mtok,
            started_at=started,
        )
