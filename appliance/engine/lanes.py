"""Workers kept free for people: background work never takes the last of them, so a click starts at once."""

import threading

SHARE = 8
FEW = 4


class Lanes:
    """An eighth of the workers, rounded up, serves only what a person waits for; of fewer than four none does, since
    that would be a third of them or more."""

    def __init__(self, workers: int) -> None:
        self.kept = -(-workers // SHARE) if workers >= FEW else 0
        self._room = workers - self.kept
        self._refused: set[str] = set()
        self._lock = threading.Lock()

    def enter(self, tenant_id: str) -> bool:
        """Whether this worker may also take background work; if so it must `leave`."""
        with self._lock:
            if self._room <= 0:
                self._refused.add(tenant_id)
                return False
            self._room -= 1
            return True

    def leave(self) -> set[str]:
        """The tenants whose bell found no room meanwhile: it has to ring again."""
        with self._lock:
            self._room += 1
            refused, self._refused = self._refused, set()
            return refused
