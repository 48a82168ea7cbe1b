"""One release after another, offline: tried before it is let in, watched after, and taken back when it is not well."""

import tempfile
from pathlib import Path

import msgspec

from appliance.errors import Problem
from appliance.release import layout, packages, trial
from appliance.release.packages import Manifest
from appliance.release.trial import Hands
from appliance.release.versions import State, newest, rank, remember, remembered


class Outcome(msgspec.Struct, frozen=True):
    """`state` is running, waiting (for a restart by hand) or rolled_back; `fault` says why it was."""

    state: str
    version: str
    previous: str
    fault: str = ""


def check(home: Path, release: Path, public: str) -> Manifest:
    """Raises Problem when the release must not or need not be let in."""
    found = packages.read(release, public)
    now, state = layout.read(home).current, remembered(home)
    if not now:
        raise Problem("config", f"Nothing is installed in {home} yet. Run: agenthq install")
    if rank(found.version) <= rank(now):
        raise Problem(
            "conflict", f"The release is {found.version}; {now} is installed. Going back is 'update rollback'."
        )
    if state.newest and rank(found.version) < rank(state.newest):
        raise Problem(
            "conflict", f"The release is {found.version}, older than {state.newest}, which was installed before."
        )
    return found


def apply(home: Path, release: Path, public: str, data: Path, hands: Hands) -> Outcome:
    """Let the release in. Raises Problem before anything is changed; afterwards a fault takes it back."""
    found = check(home, release, public)
    before = layout.read(home).current
    with tempfile.TemporaryDirectory(prefix="agenthq-update-") as scratch:
        program = packages.unpack(release, found, Path(scratch))
        placed = layout.lay_out(program, home, found.version)
    trial.run(placed / layout.PROGRAM, data, hands)
    hands.keep()
    remember(home, State(newest(found.version, remembered(home).newest), before))
    layout.point(home, found.version)
    if not hands.restart():
        return Outcome("waiting", found.version, before)
    fault = hands.fault(found.version)
    if fault:
        back = rollback(home, hands)
        return Outcome("rolled_back", back.version, found.version, fault)
    return Outcome("running", found.version, before)


def rollback(home: Path, hands: Hands) -> Outcome:
    """The version before, with the data of before where it was migrated. Raises Problem(conflict) without one."""
    now, state = layout.read(home).current, remembered(home)
    if not state.previous or state.previous == now:
        raise Problem("conflict", "There is no earlier version to go back to.")
    hands.put_back()
    layout.point(home, state.previous)
    remember(home, State(state.newest, ""))
    if not hands.restart():
        return Outcome("waiting", state.previous, now)
    return Outcome("running", state.previous, now, hands.fault(state.previous))
