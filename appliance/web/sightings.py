"""What becomes of keys that were put into tools: their first call and their refusals, told without slowing a call."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from appliance import clock
from appliance.db.tenants import Catalogue
from appliance.domain import events, key_uses
from appliance.domain.actor import Actor
from appliance.domain.ledger_rows import Settled
from appliance.errors import Problem

# One and the same refusal is noted this often.
AGAIN_S = 5.0
MOST = 2000
# Whoever tries keys by the thousand must not fill the memory with what would be noted of it.
QUEUE = 100
log = logging.getLogger("agenthq.web")


class Sightings:
    """`hear` is for `Catalogue.attend`."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._thread = ThreadPoolExecutor(1, "sightings")
        self._called: set[str] = set()
        self._refused: dict[int, float] = {}
        self._waiting = 0

    def hear(self, tenant_id: str, notes: list[Any]) -> None:
        for note in notes:
            if isinstance(note, Settled) and (key_id := note.call["key_id"]) and key_id not in self._called:
                self._thread.submit(self._first, tenant_id, key_id, note.call["id"]).add_done_callback(_logged)

    def refused(self, secret: str, reason: str, said: str) -> None:
        """A request with this secret was sent nowhere."""
        now, about = clock.monotonic(), hash((secret, reason))
        if now < self._refused.get(about, 0.0) or self._waiting >= QUEUE:
            return
        if len(self._refused) >= MOST:
            self._refused.clear()
        self._refused[about] = now + AGAIN_S
        self._waiting += 1
        self._thread.submit(self._refuse, secret, reason, said).add_done_callback(self._noted)

    def _noted(self, done: "Future[None]") -> None:
        self._waiting -= 1
        _logged(done)

    def close(self) -> None:
        self._thread.shutdown(wait=True)

    def _first(self, tenant_id: str, key_id: str, call_id: str) -> None:
        if key_id not in self._called:
            with self._catalogue.open(tenant_id) as db, db.transaction():
                if key_uses.note_first(db, _actor(key_id), key_id, call_id):
                    self._called.add(key_id)

    def _refuse(self, secret: str, reason: str, said: str) -> None:
        with self._catalogue.control() as control:
            found = key_uses.refuse(control, secret, reason, said)
        if found:
            tenant_id, key_id = found
            with self._catalogue.open(tenant_id) as db, db.transaction():
                events.record(db, _actor(key_id), "key.refused", key_id=key_id, reason=reason)


def _actor(key_id: str) -> Actor:
    return Actor("key", key_id, "An API key", "viewer")


def _logged(done: "Future[None]") -> None:
    error = done.exception()
    if isinstance(error, Problem):
        log.warning("what became of a key was not noted: %s", error.detail)
    elif error:
        log.error("what became of a key was not noted", exc_info=error)
