"""Every metric in one table: its kind, its labels, and how many series it may have in all.

The caps add up to less than 2,000. Labels beyond a cap become `other`, so nothing that is counted is lost.
"""

from typing import Literal, NamedTuple

OTHER = "other"
MOST_SERIES = 2000
# Labels with a value for everything somebody may add; all others come from closed lists.
OPEN = ("tenant", "provider", "model")
Kind = Literal["counter", "gauge", "histogram"]


class Metric(NamedTuple):
    """`cap` bounds the label sets with open labels; so many of what is counted (`per`) are one of the name's unit."""

    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    cap: int = 1
    per: int = 1


# Seconds. The lowest of the overhead is a millisecond: times are kept in whole ones.
DURATION_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
FIRST_BYTE_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
OVERHEAD_S = (0.001, 0.002, 0.004, 0.006, 0.008, 0.012, 0.02, 0.045, 0.1, 0.25, 1.0, 5.0)
BUCKETS = {
    "agenthq_call_duration_seconds": DURATION_S,
    "agenthq_call_first_byte_seconds": FIRST_BYTE_S,
    "agenthq_gateway_overhead_seconds": OVERHEAD_S,
}
WHERE = ("tenant", "provider", "model")
COUNTERS: dict[str, Metric] = {
    "agenthq_calls_total": Metric(
        "counter",
        "Calls that ended, of our own agents (surface agent) and of tools outside; outcome is ok, failed or lost.",
        ("tenant", "surface", "provider", "model", "outcome"),
        360,
    ),
    "agenthq_call_tokens_total": Metric(
        "counter",
        "Tokens by kind: input (uncached), cache_read, cache_write, output, reasoning (a part of output).",
        (*WHERE, "kind"),
        280,
    ),
    "agenthq_call_cost_dollars_total": Metric(
        "counter",
        "What calls cost, in US dollars; simulated ones cost nobody anything.",
        (*WHERE, "simulated"),
        200,
        1_000_000_000,
    ),
    "agenthq_call_attempts_unpriced_total": Metric(
        "counter", "Sendings whose price is not known: they count on budgets as their estimate.", WHERE, 80
    ),
    "agenthq_call_errors_total": Metric(
        "counter",
        "Calls without an answer, and refused requests of tools, by whose fault it was: the list is closed.",
        ("tenant", "provider", "error_type"),
        180,
    ),
    "agenthq_call_retries_total": Metric(
        "counter", "Sendings beyond the first to the same target.", ("tenant", "provider"), 50
    ),
    "agenthq_call_fallbacks_total": Metric(
        "counter", "Calls that went on to this account after another one failed.", ("tenant", "provider"), 50
    ),
    "agenthq_refusals_total": Metric(
        "counter", "Requests of tools that were sent nowhere, by reason.", ("surface", "reason"), 40
    ),
}
HISTOGRAMS: dict[str, Metric] = {
    "agenthq_call_duration_seconds": Metric(
        "histogram", "From the first sending to the end of the answer.", ("surface",)
    ),
    "agenthq_call_first_byte_seconds": Metric("histogram", "From the first sending to the first byte.", ("surface",)),
    "agenthq_gateway_overhead_seconds": Metric(
        "histogram",
        "What the box adds until a tool's first byte, pauses between sendings included; rounded up to milliseconds.",
        ("surface",),
    ),
}
GAUGES: dict[str, Metric] = {
    "agenthq_calls_open": Metric("gauge", "Calls under way.", ("surface",)),
    "agenthq_budget_used_ratio": Metric(
        "gauge",
        "What is spent and reserved of a budget, 1 at its limit; the fullest ones.",
        ("tenant", "scope", "subject", "span"),
        140,
    ),
    "agenthq_breaker_open": Metric(
        "gauge", "1 for a model of an account that rests after failures, 0 once it only failed last.", WHERE, 60
    ),
    "agenthq_runs": Metric("gauge", "Runs that have not ended.", ("tenant", "state"), 120),
    "agenthq_queue_depth": Metric("gauge", "Runs that could begin now.", ("tenant",), 30),
    "agenthq_queue_oldest_seconds": Metric("gauge", "How long the oldest of them has waited.", ("tenant",), 30),
    "agenthq_processes": Metric("gauge", "Processes of this installation that live.", ("role",)),
    "agenthq_tenants": Metric("gauge", "Tenants by state; maintenance: its database does not open.", ("state",)),
    "agenthq_heartbeat_age_seconds": Metric(
        "gauge", "Since the last sign of life of a part, scheduler or queue; none for one that ended.", ("part",)
    ),
    "agenthq_alerts_open": Metric(
        "gauge", "Alerts of the box that are open, by rule and severity.", ("rule", "severity")
    ),
    "agenthq_disk_free_ratio": Metric("gauge", "What is free of the disk below the data folder, 1 when empty."),
    "agenthq_spans_sent": Metric("gauge", "Spans that the collector took since the start of this process."),
    "agenthq_spans_dropped": Metric("gauge", "Spans given up because the collector was away or slow."),
    "agenthq_info": Metric("gauge", "Always 1.", ("version",)),
}
ALL = COUNTERS | HISTOGRAMS | GAUGES
