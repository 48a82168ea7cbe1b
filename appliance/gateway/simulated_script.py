"""The `sim:` directives: one per line in a user or system message, played one turn per answer.

    sim: say TEXT                     answer with text (\\n for a line break)
    sim: tool NAME {json}             call a tool; the JSON goes out as written, valid or not
    sim: empty                        answer with nothing
    sim: verdict pass|fail REASON     answer a review
    sim: fail STATUS [retry-after S]  refuse with this HTTP status
    sim: cut | garbage | timeout      break the answer
    sim: latency 2s | 300ms           before every answer
    sim: usage in=12 out=3 cache_read=300 cache_write=0 reasoning=0    reported for every answer

A fault repeats for ever; with `xN` at the end it hits the first N attempts and the next turn follows.
`in` counts uncached input, as `cache_read` and `cache_write` come on top.
"""

import re
from functools import lru_cache

from msgspec import Struct

from appliance.gateway.types import ChatRequest, Message, Usage

_LINE = re.compile(r"^[ \t]*(?:[-*>][ \t]+)?`?sim:[ \t]*(.*?)`?[ \t]*$", re.MULTILINE)
_TIMES = re.compile(r"\s+x(\d+)$")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s)?$")
_RETRY_AFTER = re.compile(r"retry-after\s+(\d+(?:\.\d+)?)")
_COUNT = re.compile(r"(\w+)=(\d+)")

ANSWERS = ("say", "tool", "empty", "verdict")
FAULTS = ("fail", "cut", "garbage", "timeout")


class Line(Struct, frozen=True):
    """`times` is how many attempts a fault hits, None for all."""

    verb: str
    rest: str = ""
    times: int | None = None

    @property
    def status(self) -> int:
        return int(found[0]) if (found := re.match(r"\d{3}", self.rest)) else 500

    @property
    def retry_after(self) -> str:
        return found[1] if (found := _RETRY_AFTER.search(self.rest)) else ""


class Script(Struct, frozen=True):
    """What to do now: `line` is None when there is no script at all, `ended` when it has been played to its end."""

    line: Line | None = None
    ended: bool = False
    latency_s: float = 0.0
    usage: Usage | None = None


def read(request: ChatRequest) -> Script:
    """Where the conversation stands in its script; a newer message with turns starts a new one."""
    lines: list[Line] = []
    latency, usage, played = 0.0, None, 0
    for message in request.messages:
        played += message.role == "assistant"
        for line in _lines(message):
            if line.verb == "latency":
                latency = _seconds(line.rest)
            elif line.verb == "usage":
                usage = _usage(line.rest)
            else:
                if played:
                    lines, played = [], 0
                lines.append(line)
    if not lines:
        return Script(None, False, latency, usage)
    now = _playing(lines, played, request.attempt)
    return Script(now, now is None, latency, usage)


def _playing(lines: list[Line], played: int, attempt: int) -> Line | None:
    """Faults answer nothing, so they don't count as turns: they stand before the turn they delay."""
    answers = 0
    for line in lines:
        if line.verb in ANSWERS:
            if answers == played:
                return line
            answers += 1
        elif answers == played:
            if line.times is None or attempt <= line.times:
                return line
            attempt -= line.times
    return None


def _lines(message: Message) -> tuple[Line, ...]:
    if message.role not in ("user", "system") or "sim:" not in message.content:
        return ()
    return _parse(message.content)


@lru_cache(maxsize=256)
def _parse(text: str) -> tuple[Line, ...]:
    return tuple(line for found in _LINE.finditer(text) if (line := _line(found[1])))


def _line(text: str) -> Line | None:
    verb, _, rest = text.partition(" ")
    rest = rest.strip()
    if verb in FAULTS:
        times = _TIMES.search(f" {rest}")
        return Line(verb, rest, int(times[1]) if times else None)
    return Line(verb, rest) if verb in (*ANSWERS, "latency", "usage") else None


def _seconds(text: str) -> float:
    found = _SECONDS.match(text)
    if not found:
        return 0.0
    return float(found[1]) / (1000 if found[2] == "ms" else 1)


def _usage(text: str) -> Usage:
    counts = {name: int(value) for name, value in _COUNT.findall(text)}
    read, hour = counts.get("cache_read", 0), counts.get("cache_write_1h", 0)
    written = counts.get("cache_write", 0) + counts.get("cache_write_5m", 0)
    return Usage(
        input_total=counts.get("in", 0) + read + written + hour,
        cache_read=read,
        cache_write_5m=written,
        cache_write_1h=hour,
        output_total=counts.get("out", 0),
        reasoning=counts.get("reasoning", 0),
    )
