"""The sum of one attempt, line by line."""

import msgspec

from appliance.domain.ledger_rows import Attempt

MTOK = 1_000_000


class Part(msgspec.Struct, frozen=True):
    """One line of an attempt's sum: tokens at a unit price (None where the price list has several) make an amount."""

    label: str
    tokens: int
    nano_mtok: int | None
    cost_nano: int


def parts(attempt: Attempt) -> list[Part]:
    """How the cost comes about, line by line, adding up to it; empty where no unit price made it."""
    if attempt.cost_nano is None or attempt.input_nano_mtok is None or attempt.imputed_nano is not None:
        return []
    written = attempt.cache_write_5m + attempt.cache_write_1h
    lines = (
        ("Input", attempt.input_total - attempt.cache_read - written, attempt.input_nano_mtok),
        ("Input from the cache", attempt.cache_read, attempt.cache_read_nano_mtok or attempt.input_nano_mtok),
        ("Output", attempt.output_total, attempt.output_nano_mtok or 0),
    )
    found = [Part(label, tokens, unit, round(tokens * unit / MTOK)) for label, tokens, unit in lines if tokens > 0]
    rest = attempt.cost_nano - sum(part.cost_nano for part in found)
    if written:
        found.append(Part("Input written to the cache", written, None, rest))
    elif rest:
        found.append(Part("Rounding and extras of the price list", 0, None, rest))
    return found
