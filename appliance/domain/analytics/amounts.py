"""Nano-dollars as dollars in text, exact to the last digit."""

NANO = 1_000_000_000


def usd(nano: int | None) -> str | None:
    """ "0.00451" for 4510000; None stays None."""
    if nano is None:
        return None
    whole, rest = divmod(abs(nano), NANO)
    text = f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
    return f"-{text}" if nano < 0 else text
