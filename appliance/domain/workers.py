"""The processes on this data, as each says of itself: by this list a lease is somebody's or nobody's."""

import os
import socket
from functools import cache
from pathlib import Path

import msgspec

from appliance.db.database import Database
from appliance.domain import records
from appliance.errors import Problem

BEAT_S = 5.0
GONE_S = 3 * BEAT_S
COMMAND = "command"
# A restarted container may give its process the number of the dead one.
_entered: set[str] = set()


class Worker(msgspec.Struct, frozen=True):
    """`role` is all, web, worker, scheduler or command (a command line); `place` is where `pid` means something."""

    owner: str
    host: str
    place: str
    pid: int
    role: str
    started_at: str
    seen_at: str

    @property
    def ended(self) -> bool:
        """Certainly gone, as far as this machine can tell: its process is no more."""
        if self.place != here():
            return False
        return self.owner not in _entered if self.pid == os.getpid() else not _runs(self.pid)


@cache
def here() -> str:
    """Names the set of processes in which a pid is unique; containers of one machine differ. Empty when unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def enter(control: Database, owner: str, role: str, alone: bool) -> None:
    """Say that this process is there. `alone` says that it owns the data: whatever served before is gone."""
    _entered.add(owner)
    now = control.now()
    row = {"owner": owner, "host": socket.gethostname(), "place": here(), "pid": os.getpid(), "role": role}
    with control.transaction():
        if alone:
            control.execute("DELETE FROM workers WHERE role <> :command", {"command": COMMAND})
        control.upsert("workers", {**row, "started_at": now, "seen_at": now}, ("owner",))


def beat(control: Database, owner: str) -> bool:
    """Say that it is still there; false when others took it for gone."""
    return bool(control.update("workers", {"owner": owner}, seen_at=control.now()))


def leave(control: Database, owner: str) -> None:
    control.delete("workers", owner=owner)


def all(control: Database) -> list[Worker]:
    """Oldest first, dead ones included until somebody looks after what they left."""
    return [records.to(Worker, row) for row in control.rows("SELECT * FROM workers ORDER BY started_at, owner")]


def gone(control: Database, shared: bool, me: str = "") -> list[str]:
    """The owners that are dead: not seen for 15 s by the database's clock, or ended on this machine.

    Where data is not `shared`, nobody beats and only the second counts.
    """
    since = control.now(-GONE_S) if shared else ""
    return [w.owner for w in all(control) if w.owner != me and (w.seen_at < since or w.ended)]


def living(control: Database, shared: bool, me: str = "") -> list[str]:
    dead = gone(control, shared, me)
    return [worker.owner for worker in all(control) if worker.owner not in dead]


def refuse_others(control: Database) -> None:
    """Raises Problem(already_running) while a process serves or works on shared data, wherever that is."""
    alive = living(control, shared=True)
    found = [worker for worker in all(control) if worker.owner in alive and worker.role != COMMAND]
    if found:
        named = ", ".join(f"{worker.role} {worker.pid} on {worker.host}" for worker in found)
        raise Problem("already_running", f"Processes work on this data: {named}. Stop them first.")


def forget(control: Database, owners: list[str]) -> None:
    for owner in owners:
        control.delete("workers", owner=owner)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
