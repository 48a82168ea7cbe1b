"""The counts of this process since its start, fed by what was committed: a call counts when it is booked."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from appliance.domain import error_types
from appliance.domain.ledger_rows import Attempt, Settled
from appliance.metrics.bounded import Spread, Sums
from appliance.metrics.table import BUCKETS, COUNTERS

# Calls of which one of two times is known: when the box answered, or when the account did.
WAITING = 2000
REFUSED = {
    "budget": "policy_budget",
    "rate": "policy_rate",
    "model": "policy_model",
    "key": "policy_key",
    "paused": "policy_paused",
}


class Counts:
    """Fed from any thread. Tenants and accounts are kept by id; names are put to them when the page is read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.sums = {name: Sums(metric) for name, metric in COUNTERS.items()}
        self.spreads = {name: Spread(bounds) for name, bounds in BUCKETS.items()}
        self._answered: OrderedDict[str, float] = OrderedDict()
        self._booked: OrderedDict[str, int] = OrderedDict()

    def hear(self, tenant_id: str, notes: Iterable[Any]) -> None:
        """For `Catalogue.attend`."""
        with self._lock:
            for settled in notes:
                if isinstance(settled, Settled):
                    self._call(tenant_id, settled)

    def refused(self, surface: str, reason: str) -> None:
        """A request that was sent nowhere."""
        with self._lock:
            self._add("agenthq_refusals_total", (surface, reason))
            self._add("agenthq_call_errors_total", ("", "", REFUSED.get(reason, error_types.UNKNOWN)))

    def answered(self, call_id: str, surface: str, ms: float) -> None:
        """The box began to answer a tool `ms` after it had asked."""
        with self._lock:
            first = self._booked.pop(call_id, None)
            if first is None:
                _keep(self._answered, call_id, ms)
            else:
                self._overhead(surface, ms, first)

    def _call(self, tenant: str, settled: Settled) -> None:
        call, attempts = settled
        surface = call["surface"]
        provider, model = _where(settled)
        self._add("agenthq_calls_total", (tenant, surface, provider, model, call["state"]))
        if call["error_type"]:
            self._add("agenthq_call_errors_total", (tenant, provider, call["error_type"]))
        for attempt in attempts:
            self._sending(tenant, attempt, call["simulated"])
        if len(attempts) > 1:
            self._tries(tenant, attempts)
        self._times(call, surface)

    def _tries(self, tenant: str, attempts: list[Attempt]) -> None:
        targets = [(attempt.provider_id, attempt.model_requested) for attempt in attempts]
        for before, after in zip(targets, targets[1:], strict=False):
            name = "agenthq_call_retries_total" if before == after else "agenthq_call_fallbacks_total"
            self._add(name, (tenant, after[0]))

    def _sending(self, tenant: str, attempt: Attempt, simulated: bool) -> None:
        at = (tenant, attempt.provider_id, attempt.model_requested)
        written = attempt.cache_write_5m + attempt.cache_write_1h
        count = self.sums["agenthq_call_tokens_total"].add
        count((*at, "input"), max(0, attempt.input_total - attempt.cache_read - written))
        count((*at, "cache_read"), attempt.cache_read)
        count((*at, "cache_write"), written)
        count((*at, "output"), attempt.output_total)
        count((*at, "reasoning"), attempt.reasoning)
        self._add("agenthq_call_cost_dollars_total", (*at, "true" if simulated else "false"), attempt.cost_nano or 0)
        self._add("agenthq_call_attempts_unpriced_total", at, int(attempt.cost_nano is None))

    def _times(self, call: dict[str, Any], surface: str) -> None:
        if call["duration_ms"] is not None:
            self.spreads["agenthq_call_duration_seconds"].add((surface,), call["duration_ms"])
        first = call["first_byte_ms"]
        if first is None:
            self._answered.pop(call["id"], None)
            return
        self.spreads["agenthq_call_first_byte_seconds"].add((surface,), first)
        if (ms := self._answered.pop(call["id"], None)) is not None:
            self._overhead(surface, ms, first)
        elif surface != "agent":
            _keep(self._booked, call["id"], first)

    def _overhead(self, surface: str, ms: float, first: int) -> None:
        self.spreads["agenthq_gateway_overhead_seconds"].add((surface,), max(0.0, ms - first))

    def _add(self, name: str, labels: tuple[str, ...], amount: int = 1) -> None:
        self.sums[name].add(labels, amount)


def _where(settled: Settled) -> tuple[str, str]:
    """Who answered, or was asked last."""
    if settled.attempts:
        last = settled.attempts[-1]
        return last.provider_id, last.model_requested
    return settled.call["provider_id"], settled.call["model"]


def _keep(kept: "OrderedDict[str, Any]", key: str, value: float) -> None:
    kept[key] = value
    if len(kept) > WAITING:
        kept.popitem(last=False)
