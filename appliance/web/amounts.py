"""How amounts of money read on a page."""

NANO = 1_000_000_000


def usd(nano: int | None) -> str:
    """Nano-dollars for the eye: cents from one dollar up, four digits below, never a false zero."""
    if nano is None:
        return "–"
    if nano < 0:
        return "−" + usd(-nano)
    if 0 < nano < NANO // 10_000:
        return "<$0.0001"
    return f"${nano / NANO:,.2f}" if nano >= NANO or nano == 0 else f"${nano / NANO:.4f}"


def usd_exact(nano: int | None) -> str:
    """All nine digits, without the zeros at the end beyond cents."""
    if nano is None:
        return "not priced"
    sign, whole, rest = "−" if nano < 0 else "", abs(nano) // NANO, abs(nano) % NANO
    digits = f"{rest:09d}".rstrip("0").ljust(2, "0")
    return f"{sign}${whole:,}.{digits}"
