"""What a model can do, as far as anybody knows, and whether that is enough for a request."""

from typing import Protocol

import msgspec

NEEDS = ("tools", "vision", "schema")
# What every model reads, whatever is not known of it.
SURE_TOKENS = 4096


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tokens it reads and writes at most, and what it can do. None is not known, which is not the same as no."""

    context: int | None = None
    output: int | None = None
    tools: bool | None = None
    vision: bool | None = None
    schema: bool | None = None


class Asks(Protocol):
    """What of a request a model must be fit for; `output_tokens` is the most it wants, 0 where it names none."""

    @property
    def needs(self) -> frozenset[str]: ...
    @property
    def input_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...


def over(own: Facts | None, listed: Facts) -> Facts:
    """What people have set goes before what a list says."""
    if own is None:
        return listed
    said = {name: value for name, value in msgspec.structs.asdict(own).items() if value is not None}
    return msgspec.structs.replace(listed, **said)


def judged(facts: Facts, asks: Asks) -> tuple[str, tuple[str, ...]]:
    """Why the model can't do it, "" when nothing speaks against it; and what of it is not known."""
    unknown = []
    for need in NEEDS:
        if need in asks.needs:
            able = getattr(facts, need)
            if able is False:
                return f"takes no {need}", ()
            if able is None:
                unknown.append(need)
    size = asks.input_tokens + asks.output_tokens
    if facts.context is not None and size > facts.context:
        return f"reads {facts.context:,} tokens, {size:,} are needed", ()
    if facts.output is not None and asks.output_tokens > facts.output:
        return f"writes {facts.output:,} tokens, {asks.output_tokens:,} are asked", ()
    if facts.context is None and size > SURE_TOKENS:
        unknown.append("context")
    return "", tuple(unknown)
