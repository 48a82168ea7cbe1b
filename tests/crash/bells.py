"""A doorbell that somebody sabotages: half of its bells are lost, a fifth rings twice, and now and then all are."""

import random
from collections.abc import Callable
from typing import Any

from appliance.engine.engine import Engine

LOST, DOUBLED, FLUSHED = 0.5, 0.2, 0.02


class BadBell:
    def __init__(self, ring: Callable[[str], None], flush: Callable[[], Any], seed: int) -> None:
        self._ring = ring
        self._flush = flush
        self._chance = random.Random(seed)

    @classmethod
    def take_over(cls, engine: Engine, seed: int) -> None:
        bad = cls(engine.bell.ring, engine.bell.flush, seed)
        engine.bell.ring = bad.ring

    def ring(self, tenant_id: str) -> None:
        fate = self._chance.random()
        if fate < FLUSHED:
            self._flush()
        if fate >= LOST:
            self._ring(tenant_id)
        if fate > 1 - DOUBLED:
            self._ring(tenant_id)
