"""A wall clock that somebody keeps setting: an hour ahead, an hour back."""

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from appliance import clock

EVERY_S = 0.4
HOUR = timedelta(hours=1)
# In the end it is ahead of all that was set meanwhile: what waits for the clock would take an hour of the suite.
LAST = 2 * HOUR


def jump(seed: int) -> None:
    """From now on this process reads such a clock."""
    clock.now = jumping(clock.now, random.Random(seed))  # type: ignore[assignment]


def jumping(real: Callable[..., datetime], chance: random.Random) -> Callable[..., datetime]:
    offsets = [HOUR * chance.choice((-1, 0, 1)) for _ in range(3)]
    begun = time.monotonic()

    def now(source: Callable[[], datetime] | None = None) -> datetime:
        if source:
            # Another clock than the one on the wall.
            return real(source)
        turn = int((time.monotonic() - begun) / EVERY_S)
        return real() + (offsets[turn] if turn < len(offsets) else LAST)

    return now
