"""Runs every client against a box and prints what worked: client × turn × protocol of the account behind.

A second table tells what a refusal costs: the posts of each client once its budget is used up or somebody stopped it.
"""

import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.clients import programs, refusals
from tests.clients.box import Box, account
from tests.clients.fake import Fake

# The models' names decide what a translation may use of them.
MODELS = {"messages": "claude-opus-4-8", "chat": "qwen3-coder", "responses": "gpt-5.2"}


class Address(NamedTuple):
    url: str
    key: str


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--at", metavar="URL", help="a gateway that is running; else a throw-away box")
    parser.add_argument("--key", default="none", help="its key")
    parser.add_argument("--only", metavar="NAME", default="", help="clients whose name has this word")
    parser.add_argument("--table", choices=["turns", "refusals"], help="only this one; a box at --at has no refusals")
    given = parser.parse_args()
    with _address(given.at, given.key) as (address, box):
        failures = list(_table(address, given.only)) if given.table != "refusals" else []
        if box and given.table != "turns":
            failures += refusals.table(box, address.url, MODELS, given.only)
    print("", *failures, sep="\n")
    return 1 if failures else 0


@contextmanager
def _address(at: str | None, key: str) -> Iterator[tuple[Address, Box | None]]:
    if at:
        yield Address(at, key), None
        return
    fake = Fake()
    with tempfile.TemporaryDirectory() as folder:
        box = Box(Path(folder), fake.url, MODELS)
        try:
            yield Address(*box.start()), box
        finally:
            box.stop()
            fake.close()


def _table(address: Address, only: str) -> Iterator[str]:
    """Prints the table and gives out what went wrong."""
    print(f"{'client':<24}{'speaks':<12}" + "".join(f"{protocol:<30}" for protocol in MODELS))
    for client in programs.CLIENTS:
        if only.lower() not in client.name.lower():
            continue
        print(f"{client.name:<24}{client.speaks:<12}", end="", flush=True)
        for protocol, model in MODELS.items():
            marks = []
            for turn in client.turns:
                wrong = programs.run(client, turn, *address, f"{account(protocol)}/{model}")
                marks.append(f"{turn} {'NO' if wrong else 'ok'}")
                if wrong:
                    yield f"{client.name}, {turn}, to {protocol}: {wrong}"
            print(f"{'  '.join(marks):<30}", end="", flush=True)
        print()


if __name__ == "__main__":
    sys.exit(main())
