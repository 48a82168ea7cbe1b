"""Signs of life of the parts that work beside the pages; whoever serves pages reads them, in whatever process."""

from typing import NamedTuple

from appliance import clock
from appliance.db.database import Database

PARTS = ("scheduler", "queue")
EVERY_S = 10.0
SILENT_S = 3 * EVERY_S
FORGOTTEN_S = 86_400.0


class Pulse(NamedTuple):
    """`age_s` is that of the newest sign; `processes` counts those that gave one lately."""

    part: str
    age_s: float
    processes: int

    @property
    def silent(self) -> bool:
        return self.age_s > SILENT_S


def beat(control: Database, part: str, owner: str) -> None:
    """A sign of life by the database's clock."""
    control.upsert("heartbeats", {"part": part, "owner": owner, "at": control.now()}, ("part", "owner"))


def stop(control: Database, owner: str) -> None:
    """A process that ends in order falls silent on purpose. What others left behind a day ago goes with it."""
    old = control.now(-FORGOTTEN_S)
    control.execute("DELETE FROM heartbeats WHERE owner = :owner OR at < :old", {"owner": owner, "old": old})


def pulses(control: Database) -> list[Pulse]:
    """Of each part that gave a sign and did not end in order; none for a part that never began."""
    now = control.now()
    sql = """SELECT part, MAX(at) AS newest, SUM(CASE WHEN at >= :since THEN 1 ELSE 0 END) AS fresh FROM heartbeats
      GROUP BY part ORDER BY part"""
    rows = control.rows(sql, {"since": control.now(-SILENT_S)})
    return [Pulse(row["part"], clock.seconds_between(row["newest"], now), int(row["fresh"])) for row in rows]


def ages(control: Database) -> dict[str, float]:
    """Seconds since the newest sign, by part."""
    return {pulse.part: pulse.age_s for pulse in pulses(control)}
