"""What a refusal costs: how many posts each client sends once it is refused, and whether it shows our sentence."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests.clients import programs
from tests.clients.box import Box, Key, account
from tests.clients.counter import Counter
from tests.clients.programs import Client

# Enough to begin an answer of 32,000 tokens after the longest prompt of these clients, and too little for two.
SOME_USD = "0.12"


class Case(NamedTuple):
    """`key` makes one that is refused; `turn` of the client; `most` posts; one of our `sentences` must be shown."""

    name: str
    turn: str
    most: int
    sentences: tuple[str, ...]
    key: Callable[[Box], Key]


def _strict(box: Box) -> Key:
    key = box.key()
    box.say("budget", "set", SOME_USD, "--scope", "key", "--of", key.id, "--span", "lifetime", "--strict")
    return key


# Codex has words of its own for a stream that ends with insufficient_quota. Claude Code sends a stream that was cut
# once more, at once; that one must be refused.
CUT = ("may spend", "Quota exceeded")
CASES = (
    Case("used up", "refused", 1, ("may spend",), lambda box: box.key("--budget-usd", "0.000001")),
    Case("stopped", "refused", 1, ("for the table",), lambda box: box.key()),
    Case("cut", "long", 2, (*CUT, "no room for a longer answer"), lambda box: box.key("--budget-usd", SOME_USD)),
    Case("cut, strict", "long", 2, (*CUT, "held for it"), _strict),
)


def table(box: Box, address: str, models: dict[str, str], only: str) -> Iterator[str]:
    """Prints it and gives out what went wrong."""
    print(f"\n{'client':<24}" + "".join(f"{case.name:<32}" for case in CASES))
    for client in programs.CLIENTS:
        if only.lower() not in client.name.lower():
            continue
        print(f"{client.name:<24}", end="", flush=True)
        for case in CASES:
            model = models[client.speaks]
            with _stopped(box, model if case.name == "stopped" else ""):
                posts, said = _tried(case, client, box, address, f"{account(client.speaks)}/{model}")
            told = any(sentence in " ".join(said.split()) for sentence in case.sentences)
            shown = f"{posts}  {'told' if told else 'NOT TOLD'}"
            print(f"{shown:<32}", end="", flush=True)
            if not told or len(posts.split(", ")) > case.most:
                yield f"{client.name}, {case.name}: {posts}: {said[-700:]}"
        print()


def _tried(case: Case, client: Client, box: Box, address: str, model: str) -> tuple[str, str]:
    counter = Counter(address)
    try:
        said = programs.printed(client, case.turn, counter.url, case.key(box).secret, model)
        return ", ".join(counter.posts), said
    finally:
        counter.close()


@contextmanager
def _stopped(box: Box, model: str) -> Iterator[None]:
    if not model:
        yield
        return
    box.say("stop", "now", "--scope", "model", "--of", model, "--note", "for the table")
    try:
        yield
    finally:
        box.say("stop", "release", "--scope", "model", "--of", model)
