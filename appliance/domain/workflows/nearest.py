"""What somebody may have meant."""

import difflib
from collections.abc import Iterable

MOST = 12


def meant(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: the nearest known one, or all when they are few."""
    names = sorted(known)
    if len(word) <= 100 and (near := difflib.get_close_matches(word, names[:1000], 1, 0.6)):
        return f"; did you mean '{near[0]}'?"
    return f"; there is {', '.join(names)}" if 0 < len(names) <= MOST else ""
