"""What this process did for each tenant, written down every ten seconds. A kill loses at most those."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from appliance import metering
from appliance.db.tenants import Catalogue
from appliance.domain.economics import use
from appliance.errors import Problem

EVERY_S = 10
log = logging.getLogger(__name__)


@contextmanager
def metered(catalogue: Catalogue, serves: bool) -> Iterator[None]:
    """Of a process that serves; what it did until now counts too, as work for nobody."""
    if not serves:
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_write, args=(catalogue, ended), name="metered", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        flush(catalogue)


def flush(catalogue: Catalogue) -> None:
    """What can't be written now is kept for the next time."""
    taken = metering.take()
    try:
        with catalogue.control() as control:
            use.add(control, taken)
    except Problem as problem:
        metering.put_back(taken)
        log.warning("what tenants used is not written down yet: %s", problem.detail)


def _write(catalogue: Catalogue, ended: threading.Event) -> None:
    while not ended.wait(EVERY_S):
        flush(catalogue)
