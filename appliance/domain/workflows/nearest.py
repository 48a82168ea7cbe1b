"""What somebody may have meant."""

import difflib
from collections.abc import Iterable

MOST = 12


def meant(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: the nearest known one, or all when they are few."""
    names = sorted(known)
    few = f"; there is {', '.join(names)}" if 0 < len(names) <= MOST else ""
    return near(word, names) or few


def near(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: the nearest known one; "" when none is near."""
    close = difflib.get_close_matches(word, sorted(known)[:1000], 1, 0.6) if len(word) <= 100 else []
    return f"; did you mean '{close[0]}'?" if close else ""
