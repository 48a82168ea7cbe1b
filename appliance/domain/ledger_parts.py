"""The sum of one attempt, line by line."""

from appliance.domain.ledger_rows import Attempt, Part

MTOK = 1_000_000


def parts(attempt: Attempt) -> list[Part]:
    """How the price came about, line by line, adding up to it; empty where no unit price made it.

    The price is what we worked out: the cost itself, or what the use would have cost, or what stands beside a cost
    that the provider reported.
    """
    total = computed(attempt)
    if total is None or attempt.input_nano_mtok is None:
        return []
    found = list(attempt.lines) or [line for line in _lines(attempt) if line.tokens > 0]
    rest = total - sum(part.cost_nano for part in found)
    if rest:
        found.append(Part("Rounding and extras of the price list", 0, None, rest))
    return found


def computed(attempt: Attempt) -> int | None:
    """What the price list makes of it, whoever pays."""
    if attempt.imputed_nano is not None:
        return attempt.imputed_nano
    return attempt.cost_nano if attempt.computed_nano is None else attempt.computed_nano


def _lines(attempt: Attempt) -> list[Part]:
    plain = attempt.input_nano_mtok or 0
    minutes = _or(attempt.cache_write_5m_nano_mtok, plain)
    written = attempt.cache_write_5m + attempt.cache_write_1h
    rows = (
        ("Input", attempt.input_total - attempt.cache_read - written, plain),
        ("Input from the cache", attempt.cache_read, _or(attempt.cache_read_nano_mtok, plain)),
        ("Input written to the cache for 5 minutes", attempt.cache_write_5m, minutes),
        (
            "Input written to the cache for an hour",
            attempt.cache_write_1h,
            _or(attempt.cache_write_1h_nano_mtok, minutes),
        ),
        ("Output", attempt.output_total, attempt.output_nano_mtok or 0),
    )
    return [Part(label, tokens, unit, round(tokens * unit / MTOK)) for label, tokens, unit in rows]


def _or(price: int | None, other: int) -> int:
    return other if price is None else price
