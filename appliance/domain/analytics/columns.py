"""What the rollups hold, and the same out of a call: one list, so that both ways give the same sums."""

# Upper ends of the latency buckets in milliseconds; the last bucket has none.
EDGES = (50, 100, 200, 350, 500, 750, 1_000, 1_500, 2_500, 4_000, 6_000, 10_000, 20_000, 40_000, 90_000)

# A dimension out of a call `c`.
DIMS = {
    "provider_id": "c.provider_id",
    "model": "c.model",
    "agent_id": "COALESCE(c.agent_id, '')",
    "key_id": "COALESCE(c.key_id, '')",
    "project": "c.project",
    "task_kind": "c.task_kind",
    "surface": "c.surface",
    "state": "c.state",
    "failure_code": "c.failure_code",
    "simulated": "c.simulated",
}
# Those that sums without agents, keys and projects keep: a month of them is a few hundred rows.
NARROW = ("provider_id", "model", "state", "simulated")
# What prompt caches saved, from calls whose unit prices are known: all input at its own price, less what was paid.
_CACHED = """COALESCE((SELECT SUM(CAST((a.input_total * a.input_nano_mtok
 + a.output_total * COALESCE(a.output_nano_mtok, 0)) / 1000000 AS BIGINT)
 - a.cost_nano) FROM attempts a WHERE a.call_id = c.id AND a.imputed_nano IS NULL
 AND a.cost_source IN ('catalogue', 'override', 'simulated') AND a.input_nano_mtok IS NOT NULL
 AND a.cache_read + a.cache_write_5m + a.cache_write_1h > 0), 0)"""
# A measure out of one call.
MEASURES = {
    "calls": "1",
    "retries": "CASE WHEN c.attempts > 1 THEN c.attempts - 1 ELSE 0 END",
    "unpriced": "CASE WHEN c.cost_nano IS NULL THEN 1 ELSE 0 END",
    "estimated": "CASE WHEN c.cost_source = 'estimated' THEN 1 ELSE 0 END",
    "input_total": "c.input_total",
    "cache_read": "c.cache_read",
    "cache_write": "c.cache_write",
    "output_total": "c.output_total",
    "reasoning": "c.reasoning",
    "cost_nano": "COALESCE(c.cost_nano, 0)",
    "imputed_nano": "COALESCE(c.imputed_nano, 0)",
    "estimated_nano": "CASE WHEN c.cost_source = 'estimated' THEN COALESCE(c.cost_nano, 0) ELSE 0 END",
    "cached_nano": f"CASE WHEN c.cache_read + c.cache_write > 0 THEN {_CACHED} ELSE 0 END",
}
# The price list of the attempt that answered.
PRICE_VERSION = """COALESCE((SELECT a.price_version FROM attempts a WHERE a.call_id = c.id AND a.n = c.attempts), '')"""
FIRST = tuple(f"first_{n}" for n in range(len(EDGES) + 1))
TOOK = tuple(f"took_{n}" for n in range(len(EDGES) + 1))


def _bucket(column: str, n: int) -> str:
    low = f"{column} > {EDGES[n - 1]}" if n else f"{column} IS NOT NULL"
    high = f" AND {column} <= {EDGES[n]}" if n < len(EDGES) else ""
    return f"CASE WHEN {low}{high} THEN 1 ELSE 0 END"


BUCKETS = {name: _bucket("c.first_byte_ms", n) for n, name in enumerate(FIRST)}
BUCKETS |= {name: _bucket("c.duration_ms", n) for n, name in enumerate(TOOK)}
KEPT = MEASURES | BUCKETS
