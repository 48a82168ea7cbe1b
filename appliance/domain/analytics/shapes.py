"""The figures that analytics gives: money in nano-dollars, tokens and calls as counts, times in milliseconds."""

import msgspec


class Total(msgspec.Struct, frozen=True):
    """Calls that ended. `failed` counts lost calls too; `simulated_nano` is the part of `cost_nano` nobody has to pay.

    `estimated` calls have a cost that is a guess, `estimated_nano` of it; `unpriced` ones have none. `imputed_nano` is
    the list price of use that a flat fee or an own machine covers; `cached_nano` is what prompt caches saved.
    """

    calls: int
    failed: int
    unpriced: int
    input_total: int
    cache_read: int
    output_total: int
    cost_nano: int
    simulated_nano: int
    retries: int = 0
    estimated: int = 0
    estimated_nano: int = 0
    cache_write: int = 0
    reasoning: int = 0
    imputed_nano: int = 0
    cached_nano: int = 0

    @property
    def real_nano(self) -> int:
        return self.cost_nano - self.simulated_nano


class Line(Total, frozen=True):
    """A Total for one key: an agent, a model, a provider account and so on; `label` is for people."""

    key: str = ""
    label: str = ""


class Day(msgspec.Struct, frozen=True):
    day: str
    calls: int
    cost_nano: int
    simulated_nano: int

    @property
    def real_nano(self) -> int:
        return self.cost_nano - self.simulated_nano


class Point(Total, frozen=True):
    """A Total for one stretch of time: `starts` is an hour (2026-11-23T14), a day, the Monday of a week or a month."""

    starts: str = ""


class Spread(msgspec.Struct, frozen=True):
    """How long calls took, out of buckets: `calls` of them, milliseconds that half and 95 of 100 stayed below."""

    calls: int
    p50_ms: int | None
    p95_ms: int | None
    p99_ms: int | None


class Accepted(msgspec.Struct, frozen=True):
    """Tasks that ended done, and what all their calls cost in nano-dollars, failed tries included."""

    tasks: int
    cost_nano: int
    simulated_nano: int
    per_task_nano: int | None
