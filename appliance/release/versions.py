"""Which version was let in and which one before it, and how versions are ordered."""

import os
from pathlib import Path

import msgspec

from appliance.errors import Problem

STATE = "update.json"


class State(msgspec.Struct, frozen=True):
    """`newest` is the highest version that was ever let in: nothing older comes in again."""

    newest: str = ""
    previous: str = ""


def rank(version: str) -> tuple[tuple[int, ...], bool, str]:
    """Orders versions; one with a suffix such as -rc1 comes before the same without."""
    bare = version.partition("+")[0]
    numbers, _, suffix = bare.partition("-")
    return tuple(int(part) for part in numbers.split(".")[:3]), not suffix, suffix


def newest(one: str, other: str) -> str:
    return max((v for v in (one, other) if v), key=rank)


def remembered(home: Path) -> State:
    try:
        return msgspec.json.decode((home / STATE).read_bytes(), type=State)
    except FileNotFoundError:
        return State()
    except msgspec.DecodeError as error:
        raise Problem("config", f"{home / STATE} is damaged: {error}.") from error


def remember(home: Path, state: State) -> None:
    partial = home / f".{STATE}.{os.getpid()}"
    partial.write_bytes(msgspec.json.encode(state))
    os.replace(partial, home / STATE)
