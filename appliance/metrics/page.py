"""The page that Prometheus reads, in its text format 0.0.4."""

from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from appliance.db.tenants import Catalogue
from appliance.metrics import figures
from appliance.metrics.bounded import Labels
from appliance.metrics.counts import Counts
from appliance.metrics.figures import REMOVED, Names
from appliance.metrics.table import ALL, BUCKETS, COUNTERS, GAUGES, HISTOGRAMS

if TYPE_CHECKING:
    from prometheus_client.core import Metric as Family

CONTENT_TYPE = "text/plain; version=0.0.4"


class Spans(NamedTuple):
    """What became of the spans of this process."""

    sent: int = 0
    dropped: int = 0


class Page:
    """A collector as the library wants it: what it writes is put together anew each time."""

    def __init__(self, counts: Counts, read: figures.Figures, only: str, spans: Spans) -> None:
        self._counts = counts
        self._read = read
        self._only = only
        self._spans = spans

    def collect(self) -> Iterator["Family"]:
        # 0.06 s to import: only who reads the page waits for it.
        from prometheus_client import core  # noqa: PLC0415

        for name, metric in COUNTERS.items():
            counter = core.CounterMetricFamily(name, metric.help, labels=metric.labels)
            for labels, value in self._sums(name).items():
                counter.add_metric(labels, value / metric.per)
            yield counter
        for name, values in self._gauges().items():
            gauge = core.GaugeMetricFamily(name, GAUGES[name].help, labels=GAUGES[name].labels)
            for labels, number in values.items():
                gauge.add_metric(labels, number)
            yield gauge
        for name in () if self._only else HISTOGRAMS:
            yield self._spread(core, name)

    def _sums(self, name: str) -> dict[Labels, int]:
        """By name instead of id; of one tenant only what names it."""
        labels = COUNTERS[name].labels
        if self._only and "tenant" not in labels:
            return {}
        found: dict[Labels, int] = {}
        for given, value in list(self._counts.sums[name].values.items()):
            said = dict(zip(labels, given, strict=True))
            if self._only and said["tenant"] != self._only:
                continue
            named = _named(said, self._read.names)
            found[named] = found.get(named, 0) + value
        return found

    def _gauges(self) -> dict[str, dict[Labels, float]]:
        """An owner of a tenant sees nothing of the box."""
        if self._only:
            return {name: found for name, found in self._read.gauges.items() if "tenant" in ALL[name].labels}
        spans = {"agenthq_spans_sent": self._spans.sent, "agenthq_spans_dropped": self._spans.dropped}
        return self._read.gauges | {name: {(): float(n)} for name, n in spans.items()}

    def _spread(self, core: Any, name: str) -> "Family":
        spread = self._counts.spreads[name]
        family: Family = core.HistogramMetricFamily(name, HISTOGRAMS[name].help, labels=HISTOGRAMS[name].labels)
        for labels, counts in list(spread.buckets.items()):
            bounds = [*(str(bound) for bound in BUCKETS[name]), "+Inf"]
            running = list(zip(bounds, accumulate(counts), strict=True))
            family.add_metric(labels, buckets=running, sum_value=spread.sums[labels] / 1000)  # type: ignore[attr-defined]
        return family


def text(catalogue: Catalogue, counts: Counts, spans: Spans, only: str = "") -> bytes:
    """`only` is the id of the tenant whose owner asks; "" for whoever looks after the box."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Page(counts, figures.read(catalogue, only), only, spans))
    return generate_latest(registry)


def _named(said: dict[str, str], names: Names) -> Labels:
    tenant = said.get("tenant", "")
    if provider := said.get("provider"):
        said["provider"] = names.providers.get((tenant, provider), provider if provider == "other" else REMOVED)
    if tenant:
        said["tenant"] = names.tenants.get(tenant, tenant if tenant == "other" else REMOVED)
    return tuple(said.values())
