"""One release after another, offline: tried before it is let in, watched after, and taken back when it is not well."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from appliance.errors import Problem
from appliance.release import layout, packages
from appliance.release.packages import Manifest

STATE = "update.json"


class State(msgspec.Struct, frozen=True):
    """`newest` is the highest version that was ever let in: nothing older comes in again."""

    newest: str = ""
    previous: str = ""


class Hands(NamedTuple):
    """What an update does to the machine.

    `tried` runs a program with arguments and gives its fault or ""; `keep` copies all databases; `restart` gives False
    when there is no service to restart; `fault` waits until the version serves and says what is wrong with it, or "";
    `put_back` stops the box and brings databases that were migrated since back to their copies; how many.
    """

    tried: Callable[[Path, tuple[str, ...]], str]
    keep: Callable[[], None]
    restart: Callable[[], bool]
    fault: Callable[[str], str]
    put_back: Callable[[], int]


class Outcome(msgspec.Struct, frozen=True):
    """`state` is running, waiting (for a restart by hand) or rolled_back; `fault` says why it was."""

    state: str
    version: str
    previous: str
    fault: str = ""


def check(home: Path, release: Path, public: str) -> Manifest:
    """Raises Problem when the release must not or need not be let in."""
    found = packages.read(release, public)
    now, state = layout.read(home).current, _state(home)
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
    _try(placed / layout.PROGRAM, data, hands)
    hands.keep()
    _write_state(home, State(_newest(found.version, _state(home).newest), before))
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
    now, state = layout.read(home).current, _state(home)
    if not state.previous or state.previous == now:
        raise Problem("conflict", "There is no earlier version to go back to.")
    hands.put_back()
    layout.point(home, state.previous)
    _write_state(home, State(state.newest, ""))
    if not hands.restart():
        return Outcome("waiting", state.previous, now)
    return Outcome("running", state.previous, now, hands.fault(state.previous))


def rank(version: str) -> tuple[tuple[int, ...], bool, str]:
    """Orders versions; one with a suffix such as -rc1 comes before the same without."""
    bare = version.partition("+")[0]
    numbers, _, suffix = bare.partition("-")
    return tuple(int(part) for part in numbers.split(".")[:3]), not suffix, suffix


def _try(program: Path, data: Path, hands: Hands) -> None:
    """The new program in a scratch folder, with a copy of the settings. Raises Problem(conflict) with its fault."""
    with tempfile.TemporaryDirectory(prefix="agenthq-update-") as scratch:
        settings = data / "agenthq.toml"
        if settings.is_file():
            (Path(scratch) / settings.name).write_bytes(settings.read_bytes())
        for words in (("config", "check", "--data", scratch), ("selftest",)):
            if fault := hands.tried(program, words):
                raise Problem(
                    "conflict", f"The new program's {' '.join(words[:2])} failed; nothing was changed. {fault}"
                )


def _newest(one: str, other: str) -> str:
    return max((v for v in (one, other) if v), key=rank)


def _state(home: Path) -> State:
    try:
        return msgspec.json.decode((home / STATE).read_bytes(), type=State)
    except FileNotFoundError:
        return State()
    except msgspec.DecodeError as error:
        raise Problem("config", f"{home / STATE} is damaged: {error}.") from error


def _write_state(home: Path, state: State) -> None:
    partial = home / f".{STATE}.{os.getpid()}"
    partial.write_bytes(msgspec.json.encode(state))
    os.replace(partial, home / STATE)
