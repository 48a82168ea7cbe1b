"""What a run's own page adds to each of its steps: facts, whole values, and running again from there."""

from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from appliance.domain import forks
from appliance.domain.runs import Run
from appliance.domain.steps import Step
from appliance.errors import Problem
from appliance.web import fork_words, step_words, timeline
from appliance.web.acts import Act
from appliance.web.timeline import Line

SHORT, FIELDS = 1200, 8


class Value(NamedTuple):
    """A short one has its `text`; a long one its size in characters, and is fetched from the step's address."""

    label: str
    text: str
    size: int


class Fact(NamedTuple):
    label: str
    text: str
    href: str = ""


class More(NamedTuple):
    href: str
    key: str
    facts: list[Fact]
    values: list[Value]
    again: Act | None


def lines(run: Run, found: list[Step], sizes: dict[int, int], base: str, may_fork: bool) -> list[Line]:
    """Every step with its details, then what the run does now or how it ended."""
    shown = [timeline.line(step, run)._replace(more=_more(run, step, found, sizes, base, may_fork)) for step in found]
    return [*shown, *timeline.last(run, found, base)]


def _more(run: Run, step: Step, found: list[Step], sizes: dict[int, int], base: str, may_fork: bool) -> More:
    href = f"{base}/runs/{run.id}/steps/{quote(step.key, safe='/')}"
    again = _again(run, step, found, base) if may_fork else None
    return More(href, step.key, _facts(run, step, base), _values(step, sizes), again)


def _again(run: Run, step: Step, found: list[Step], base: str) -> Act | None:
    try:
        return fork_words.button(base, run.id, step.key, forks.plan(found, step.key))
    except Problem:
        return None


def _facts(run: Run, step: Step, base: str) -> list[Fact]:
    facts = [Fact("If repeated", step_words.EFFECTS.get(step.effect, step.effect))]
    if step.fence:
        facts.append(Fact("Done by", f"claim {step.fence}"))
    elif run.fork_of:
        facts.append(Fact("Taken over from", "the run before", f"{base}/runs/{run.fork_of}"))
    facts.append(Fact("Tries", str(step.attempts)))
    if took := step_words.took(step):
        facts.append(Fact("Took", took))
    if step.approval_id:
        facts.append(Fact("Agreed to in", "its approval", f"{base}/approvals/{step.approval_id}"))
    if step.call_id:
        facts.append(Fact("Paid in", "its call", f"{base}/costs/calls/{step.call_id}"))
    return facts


def _values(step: Step, sizes: dict[int, int]) -> list[Value]:
    first, last = step.first_message, step.last_message
    spoken = sum(sizes.get(seq, 0) for seq in range(first, (last or first) + 1)) if first else 0
    if step.kind == "model":
        read = sum(size for seq, size in sizes.items() if first and seq < first)
        return [value for value in (Value("Read", "", read), Value("Answered", "", spoken)) if value.size]
    given = _given(step.input)
    if spoken > len(str(step.result.get("preview", ""))) + 100:
        return [*given, Value("Answered", "", spoken)]
    told = step.result.get("value", step.result.get("preview"))
    return given if told in (None, "") else [*given, _value("Answered", told)]


def _given(given: Any) -> list[Value]:
    """Field by field, so that a text reads as one."""
    if given in (None, {}, []):
        return []
    if isinstance(given, dict) and len(given) <= FIELDS and "blob" not in given:
        return [_value(f"Given {name}", value) for name, value in given.items()]
    return [_value("Given", given)]


def _value(label: str, value: Any) -> Value:
    if isinstance(value, dict) and value.keys() == {"blob", "size"}:
        return Value(label, "", value["size"])
    text = readable(value)
    return Value(label, text if len(text) <= SHORT else "", len(text))


def readable(value: Any) -> str:
    """A text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
