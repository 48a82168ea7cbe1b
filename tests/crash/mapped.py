"""A map of many items whose worker is killed at random again and again; judged from outside once it has ended."""

import random
import subprocess
import sys
import time
from typing import NamedTuple

from appliance.db.database import Database
from appliance.domain.actor import SYSTEM
from appliance.domain.instances import rows, starting
from appliance.domain.workflows import library
from tests.crash import scene
from tests.crash.scene import Place

PATIENCE_S = 300
FLOW = """
slug: map
name: Map
inputs: {list: array}
steps:
  - id: each
    map: ${{ inputs.list }}
    bound: 50
    do: [{id: work, agent: quick, title: "Item ${{ item }}"}]
    output: ${{ item }}
output: ${{ steps.each.output }}
"""
_ITEMS = "FROM nodes n JOIN tasks t ON t.id = n.task_id WHERE n.kind = 'agent'"
_DONE = f"SELECT COUNT(*) AS n {_ITEMS} AND t.state = 'done' AND n.state = 'done'"
_DOUBLE = """SELECT COUNT(*) AS n FROM (
  SELECT task_id FROM runs WHERE state = 'succeeded' GROUP BY task_id HAVING COUNT(*) > 1) AS twice"""


class Outcome(NamedTuple):
    """`lost` counts items without exactly what they should have given, `doubled` those done more than once."""

    items: int
    kills: int
    lost: int
    doubled: int
    state: str
    integrity: str
    seconds: float

    def line(self) -> str:
        return (
            f"map items={self.items} kills={self.kills} lost={self.lost} duplicated={self.doubled} {self.state} "
            f"integrity={self.integrity} seconds={self.seconds:.0f}"
        )

    @property
    def whole(self) -> bool:
        return (self.lost, self.doubled, self.state, self.integrity) == (0, 0, "succeeded", "ok")


def drive(place: Place, items: int, kills: int, seed: int = 1) -> Outcome:
    """Carry it out with so many deaths on the way, each at a random point of its share of the items."""
    chance = random.Random(seed)
    tenant = scene.make(place, ("acme",))["acme"]
    with scene.opened(place) as box, box.catalogue.open(tenant) as db:
        library.apply(db, SYSTEM, FLOW)
        starting.start(db, SYSTEM, "map", {"list": list(range(items))})
    began, killed = time.monotonic(), 0
    with scene.looked_at(place) as catalogue, catalogue.open(tenant) as db:
        while _open(db) and time.monotonic() - began < PATIENCE_S:
            worker = subprocess.Popen([sys.executable, "-m", "tests.crash.worker", *place.arguments])
            _until_done(db, int(chance.uniform(killed, killed + 1) * items / (kills + 1)) if killed < kills else items)
            killed += _open(db)
            worker.kill()
            worker.wait()
        return _judged(db, items, killed, time.monotonic() - began)


def _until_done(db: Database, wanted: int) -> None:
    """So many items, or all of it."""
    until = time.monotonic() + PATIENCE_S
    while _open(db) and time.monotonic() < until and int(db.value(_DONE)) < wanted:
        time.sleep(0.01)


def _open(db: Database) -> bool:
    return db.one("SELECT id FROM instances WHERE finished_at IS NULL") is not None


def _judged(db: Database, items: int, kills: int, seconds: float) -> Outcome:
    found = rows.listing(db, "map").items[0]
    right = sum(a == b for a, b in zip(found.output or [], range(items), strict=False))
    lost = items - min(right, int(db.value(_DONE)))
    doubled = int(db.value(_DOUBLE)) + max(0, int(db.value(f"SELECT COUNT(*) AS n {_ITEMS}")) - items)
    return Outcome(items, kills, lost, doubled, found.state, db.integrity(), seconds)
