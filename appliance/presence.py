"""This process in the list of processes: entered at its start, seen every five seconds, taken out at its end."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from appliance.db.tenants import Catalogue
from appliance.domain import workers
from appliance.errors import Problem

log = logging.getLogger(__name__)


@contextmanager
def present(catalogue: Catalogue, owner: str, role: str) -> Iterator[None]:
    """Data that is not shared has one server, and nobody who would look for its heartbeat."""
    with catalogue.control() as control:
        workers.enter(control, owner, role, alone=not catalogue.shared and role != workers.COMMAND)
    ended = threading.Event()
    heart = threading.Thread(target=_beat, args=(catalogue, owner, role, ended), name="heart", daemon=True)
    if catalogue.shared:
        heart.start()
    try:
        yield
    finally:
        ended.set()
        if catalogue.shared:
            heart.join()
        _leave(catalogue, owner)


def _beat(catalogue: Catalogue, owner: str, role: str, ended: threading.Event) -> None:
    while not ended.wait(workers.BEAT_S):
        try:
            with catalogue.control() as control:
                if not workers.beat(control, owner):
                    log.warning("this process was taken for gone: its work has gone to others")
                    workers.enter(control, owner, role, alone=False)
        except Problem as problem:
            log.warning("no heartbeat: %s", problem.detail)


def _leave(catalogue: Catalogue, owner: str) -> None:
    try:
        with catalogue.control() as control:
            workers.leave(control, owner)
    except Problem as problem:
        log.warning("this process stays in the list: %s", problem.detail)
