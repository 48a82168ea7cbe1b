"""What an update does to the machine, and the new program tried in a scratch folder."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from appliance.errors import Problem


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


def run(program: Path, data: Path, hands: Hands) -> None:
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
